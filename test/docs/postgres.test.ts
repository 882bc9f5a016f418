import { requirePrograms } from '../e2e/harness/requirements.ts'
import { testPage } from './run-page.ts'

requirePrograms('runuser', 'openssl')

/** The server that the page takes for granted, with TLS for its name. */
const SERVER = `
install -d -o postgres -g postgres /srv/postgres /var/run/postgresql
cd /srv/postgres
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
  -subj /CN=mezite.example.com -addext subjectAltName=DNS:mezite.example.com \\
  -keyout server.key -out server.crt 2>/dev/null
chown postgres server.key
install -D -m 0644 server.crt /etc/mezite/database-ca.pem
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
runuser -u postgres -- $bin/initdb -D data --auth-local=peer --auth-host=scram-sha-256 -E UTF8 --locale=C --no-sync
cat >> data/postgresql.conf <<END
listen_addresses = '*'
ssl = on
ssl_cert_file = '/srv/postgres/server.crt'
ssl_key_file = '/srv/postgres/server.key'
fsync = off
shared_buffers = 32MB
END
echo 'hostssl all all all scram-sha-256' >> data/pg_hba.conf
runuser -u postgres -- $bin/pg_ctl -D data -l log -w start
`

testPage({
  page: 'postgres.md',
  machines: [],
  nodes: [],
  async onStart(world) {
    await world.machine('hub').typeOk(SERVER)
    return { async [Symbol.asyncDispose]() {} }
  },
})
