/*
 * A certification authority made for one test file, and a leaf for localhost, 127.0.0.1 and ::1.
 */
import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { temporaryDirectory, tool } from './processes.mjs';

const LEAF_EXTENSIONS = `
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
`;

/* Firefox and Chromium accept at most 398 days of validity. */
const VALID_DAYS = '90';

let made;

/*
 * Returns { directory, caFile, certFile, keyFile, ca, spkiHash }, the same for every caller in the
 * process. spkiHash is the leaf's, as Chromium wants it. A process that another one started uses
 * that one's, if TRISOCK_TEST_IDENTITY names its directory.
 */
export function identity() {
  const given = process.env.TRISOCK_TEST_IDENTITY;
  made ??= given ? Promise.resolve(describe(given)) : make(temporaryDirectory());
  return made;
}

/* base64(SHA-256(SubjectPublicKeyInfo)) of an X509Certificate. */
export function spkiHash(certificate) {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

async function make(directory) {
  const file = (name) => path.join(directory, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await tool('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    VALID_DAYS,
    '-subj',
    '/CN=trisock integration test CA',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]);
  await tool('openssl', [
    'req',
    ...newKey,
    '-keyout',
    file('leaf.key'),
    '-out',
    file('leaf.csr'),
    '-subj',
    '/CN=localhost',
  ]);
  fs.writeFileSync(file('leaf.ext'), LEAF_EXTENSIONS);
  await tool('openssl', [
    'x509',
    '-req',
    '-in',
    file('leaf.csr'),
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-days',
    VALID_DAYS,
    '-sha256',
    '-extfile',
    file('leaf.ext'),
    '-out',
    file('leaf.pem'),
  ]);
  return describe(directory);
}

function describe(directory) {
  const file = (name) => path.join(directory, name);
  return {
    directory,
    caFile: file('ca.pem'),
    certFile: file('leaf.pem'),
    keyFile: file('leaf.key'),
    ca: fs.readFileSync(file('ca.pem'), 'utf8'),
    spkiHash: spkiHash(new X509Certificate(fs.readFileSync(file('leaf.pem')))),
  };
}
