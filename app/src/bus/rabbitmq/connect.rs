//! Connects to the broker, with or without TLS.

use std::sync::Arc;

use lapin::tcp::AMQPUriTcpExt;
use lapin::uri::AMQPScheme;
use lapin::{Connection, ConnectionProperties, runtime};

use crate::config::BrokerAddress;

/// How often broker and program send each other a heartbeat. A connection without one for twice as
/// long is dead.
const HEARTBEAT_S: u16 = 10;

/// Opens a connection that has the name `name` at the broker.
///
/// # Errors
/// The broker is out of reach, its certificate is not trusted, or it refuses the user.
pub async fn connect(address: &BrokerAddress, name: String) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let uri = address.uri(HEARTBEAT_S);
    let Some(tls) = address.tls().map(Arc::clone) else {
        // With amqps://, lapin trusts the authorities of this machine.
        return Connection::connect_uri(uri, properties).await;
    };
    // lapin can only add authorities to those of this machine, and fails where it has none. So its
    // own connector opens the TCP connection, and the handshake trusts the company's authorities.
    Connection::connector(
        uri,
        runtime::default_runtime()?,
        async move |uri, runtime| {
            let host = uri.authority.host.clone();
            let mut without_tls = uri;
            without_tls.scheme = AMQPScheme::AMQP;
            let stream = without_tls.connect_async(&runtime).await?;
            Ok(stream.into_rustls(&tls, &host).await?)
        },
        properties,
    )
    .await
}
