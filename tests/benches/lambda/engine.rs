//! DynamoDB for the measured functions: the embedded engine in this process, behind TLS.
//!
//! On AWS, functions connect to DynamoDB over TLS, and the handshake is the most expensive part of a cold
//! start. An engine without TLS would hide it. The certificate chain is like Amazon's: root, intermediate and
//! server, with RSA keys of 2,048 bits. (Verifying elliptic-curve signatures would cost a function one
//! million more instructions.) The root is private and is generated for each run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dynoxide::Database;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::error::{BenchError, Doing};

/// The roots that functions trust on AWS. The file that functions read here contains them in addition to the
/// private root, so that a start costs the same as on AWS.
const AMAZON_TRUST_ROOTS: &str = include_str!("../../../shared/src/table/amazon-trust-roots.pem");

/// A running engine, stopped on drop.
pub(crate) struct Engine {
    plain: SocketAddr,
    tls: SocketAddr,
    database: Database,
    root_certificates: PathBuf,
    accepted: Arc<AtomicU64>,
    servers: [JoinHandle<()>; 2],
}

impl Engine {
    /// Starts an empty engine and the TLS server in front of it, both on `runtime`. Writes the root
    /// certificates to a file in `folder`.
    pub(crate) async fn start(folder: &Path, openssl: PathBuf, runtime: &Handle) -> Result<Self, BenchError> {
        let folder = folder.to_owned();
        // A listener belongs to the runtime on which it is created.
        match runtime.spawn(Self::start_on_runtime(folder, openssl)).await {
            Ok(started) => started,
            Err(error) => Err(BenchError::Engine(error.to_string())),
        }
    }

    async fn start_on_runtime(folder: PathBuf, openssl: PathBuf) -> Result<Self, BenchError> {
        let database = open(&folder).map_err(|error| BenchError::Engine(error.to_string()))?;
        let (plain_listener, plain) = listen().await?;
        let (tls_listener, tls) = listen().await?;
        let authority = Authority::new(&openssl)?;
        let root_certificates = folder.join("roots.pem");
        tokio::fs::write(&root_certificates, format!("{AMAZON_TRUST_ROOTS}\n{}", authority.root.pem()))
            .await
            .doing(|| format!("write {}", root_certificates.display()))?;
        let acceptor = TlsAcceptor::from(Arc::new(authority.server_config(&openssl)?));
        let accepted = Arc::new(AtomicU64::new(0));
        let served = database.clone();
        let engine = tokio::spawn(async move {
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(plain_listener, served, std::future::pending()).await
            {
                eprintln!("warning: the embedded engine stopped: {error}");
            }
        });
        let tls_server = tokio::spawn(serve_tls(tls_listener, acceptor, plain, Arc::clone(&accepted)));
        Ok(Self { plain, tls, database, root_certificates, accepted, servers: [engine, tls_server] })
    }

    /// Returns the database, for creating much data.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Returns the URL for creating data, without TLS.
    pub(crate) fn plain_url(&self) -> String {
        format!("http://{}", self.plain)
    }

    /// Returns the URL for the functions, with TLS.
    pub(crate) fn tls_url(&self) -> String {
        // The certificate is valid for this name only.
        format!("https://localhost:{}", self.tls.port())
    }

    /// Returns the path of the root certificates that a function must trust.
    pub(crate) fn root_certificates(&self) -> &Path {
        &self.root_certificates
    }

    /// Returns the number of TLS connections accepted so far.
    pub(crate) fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

/// Opens a database in a file that never waits for the disk. In memory, each commit would scan all pages.
fn open(folder: &Path) -> dynoxide::Result<Database> {
    let database = Database::new(&folder.join("table.db").to_string_lossy())?;
    database.enable_bulk_loading()?;
    Ok(database)
}

async fn listen() -> Result<(TcpListener, SocketAddr), BenchError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen for the engine".to_owned())?;
    let address = listener.local_addr().doing(|| "read the engine's port".to_owned())?;
    Ok((listener, address))
}

async fn serve_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    engine: SocketAddr,
    accepted: Arc<AtomicU64>,
) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(forward(client, acceptor.clone(), engine));
            }
            Err(error) => eprintln!("warning: could not accept a connection to the engine: {error}"),
        }
    }
}

async fn forward(client: TcpStream, acceptor: TlsAcceptor, engine: SocketAddr) {
    let handshake = async {
        client.set_nodelay(true)?;
        let client = acceptor.accept(client).await?;
        let engine = TcpStream::connect(engine).await?;
        engine.set_nodelay(true)?;
        Ok::<_, std::io::Error>((client, engine))
    };
    match handshake.await {
        Ok((mut client, mut engine)) => {
            // An error is expected here: every measured process is killed while its connection is open.
            drop(copy_bidirectional(&mut client, &mut engine).await);
        }
        Err(error) => eprintln!("warning: the TLS connection of a function to the engine failed: {error}"),
    }
}

/// A private root certificate, and an intermediate certificate that it signed.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(openssl: &Path) -> Result<Self, BenchError> {
        let root = CertifiedIssuer::self_signed(issuer_params("Clientele bench root")?, rsa_key(openssl)?)?;
        let params = issuer_params("Clientele bench intermediate")?;
        let intermediate = CertifiedIssuer::signed_by(params, rsa_key(openssl)?, &root)?;
        Ok(Self { root, intermediate })
    }

    /// Returns the TLS settings of DynamoDB: version 1.2 or 1.3, HTTP/1.1 only, no client certificate.
    fn server_config(&self, openssl: &Path) -> Result<ServerConfig, BenchError> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = rsa_key(openssl)?;
        let certificate = params.signed_by(&key, &self.intermediate)?;
        let chain = vec![certificate.der().clone(), self.intermediate.der().clone()];
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Generates an RSA key with openssl, because the TLS library used here cannot generate one.
fn rsa_key(openssl: &Path) -> Result<KeyPair, BenchError> {
    let output = Command::new(openssl)
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .doing(|| format!("run {}", openssl.display()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::NoKey { status: output.status, stderr });
    }
    Ok(KeyPair::from_pem(&String::from_utf8_lossy(&output.stdout))?)
}

fn issuer_params(name: &str) -> Result<CertificateParams, BenchError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}
