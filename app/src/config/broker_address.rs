//! The address of a RabbitMQ broker.

use std::sync::Arc;

use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Where the broker is, and the user as whom the program connects. It holds a password.
#[derive(Clone)]
pub struct BrokerAddress {
    uri: AMQPUri,
    /// The TLS client for certificates of a company's own authorities. `None`: the authorities that
    /// this machine trusts.
    tls: Option<Arc<RustlsConnector>>,
}

impl BrokerAddress {
    /// # Errors
    /// What is wrong with the URL. The text does not hold the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if !url.starts_with("amqp://") && !url.starts_with("amqps://") {
            return Err("begins with amqp:// or amqps://, such as amqp://piecework:secret@mq1/%2f");
        }
        let mut uri: AMQPUri = url.parse().map_err(
            |_| "is no AMQP URL; it looks like amqp://piecework:secret@mq1/%2f, with special characters escaped",
        )?;
        if uri.vhost.is_empty() {
            return Err("names no virtual host behind the slash; the usual one is written /%2f");
        }
        // lapin finds no host in an IPv6 address, and would connect to this machine.
        let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()?.rsplit('@').next());
        if let Some(address) = host.and_then(|host| host.strip_prefix('[')?.split_once(']')) {
            address.0.clone_into(&mut uri.authority.host);
        }
        Ok(Self { uri, tls: None })
    }

    /// The same address. Only the authorities in the PEM file may have issued the certificate of
    /// the broker.
    ///
    /// # Errors
    /// The URL asks for no TLS, or the file has no certificate of an authority.
    pub fn trusting(self, ca_file: &str) -> Result<Self, String> {
        if !self.uses_tls() {
            return Err("has no effect if bus.amqp_url begins with amqp://".to_owned());
        }
        let tls = tls_client(ca_file).map_err(|reason| format!("{ca_file}: {reason}"))?;
        Ok(Self { tls: Some(Arc::new(tls)), ..self })
    }

    /// Host and port.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }

    /// The address as lapin takes it. Without a heartbeat in the URL, it has the given one.
    #[must_use]
    pub fn uri(&self, heartbeat_s: u16) -> AMQPUri {
        let mut uri = self.uri.clone();
        uri.query.heartbeat.get_or_insert(heartbeat_s);
        uri
    }

    /// The TLS client, if the company has authorities of its own.
    #[must_use]
    pub const fn tls(&self) -> Option<&Arc<RustlsConnector>> {
        self.tls.as_ref()
    }

    fn uses_tls(&self) -> bool {
        self.uri.scheme == AMQPScheme::AMQPS
    }
}

fn tls_client(ca_file: &str) -> Result<RustlsConnector, String> {
    let certificates = CertificateDer::pem_file_iter(ca_file).map_err(|error| error.to_string())?;
    let certificates: Vec<CertificateDer<'static>> =
        certificates.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("the file contains no certificate in PEM".to_owned());
    }
    // The connector ignores what it cannot read.
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
    }
    let mut config = RustlsConnectorConfig::default();
    config.add_parsable_certificates(certificates);
    config.connector_with_no_client_auth().map_err(|error| error.to_string())
}
