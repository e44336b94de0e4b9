//! RabbitMQ with TLS and a certificate from a company's own authority.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use harness::rabbitmq::CA_FILE;
use kernel::events::bus::EventBus;
use piecework::bus::{RabbitMq, check};
use piecework::config::BrokerAddress;

use crate::environment::BusEnvironment;
use crate::process::Process;
use crate::rabbitmq::private_node;

const LEFT_OUT: &str = "a bus over RabbitMQ with TLS";
/// An authority that has issued no certificate.
const OTHER_CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bus_conformance/other_ca.pem");

fn trusting(url: &str, ca_file: &str) -> BrokerAddress {
    BrokerAddress::parse(url).unwrap().trusting(ca_file).unwrap()
}

fn with_tls(realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    Box::pin(async move {
        let address = trusting(&private_node(LEFT_OUT).unwrap().node.tls_url(), CA_FILE);
        Arc::new(RabbitMq::start(&address, realm, Vec::new())) as Arc<dyn EventBus>
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_with_a_certificate_of_the_companys_authority_carries_events() {
    let Some(private) = private_node(LEFT_OUT) else { return };
    let _turn = private.turn.lock().await;
    let environment = BusEnvironment::new(with_tls).await;
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit([1, 2, 3]).await;
    subscriber.wait_for(3).await;
    process.end(&environment, &[&subscriber]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_whose_certificate_is_not_trusted_is_refused() {
    let Some(private) = private_node(LEFT_OUT) else { return };
    let _turn = private.turn.lock().await;
    let url = private.node.tls_url();
    check(&trusting(&url, CA_FILE)).await.unwrap();
    let elsewhere = url.replace("localhost", "127.0.0.1");
    for (address, case) in [
        (trusting(&url, OTHER_CA_FILE), "another authority"),
        (BrokerAddress::parse(&url).unwrap(), "an authority that this machine does not trust"),
        (trusting(&elsewhere, CA_FILE), "a host that the certificate does not name"),
    ] {
        let reason = check(&address).await.expect_err(case);
        assert!(reason.contains("certificate"), "{case}: {reason}");
    }
}

#[test]
fn a_file_without_an_authority_and_a_file_without_tls_are_refused() {
    let refused = |url: &str, file: &str| BrokerAddress::parse(url).unwrap().trusting(file).err().unwrap();
    assert!(refused("amqp://localhost/%2f", CA_FILE).contains("amqp_url"));
    assert!(refused("amqps://localhost/%2f", "/nowhere/ca.pem").contains("/nowhere/ca.pem"));
    let this_file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bus_conformance/tls.rs");
    assert!(refused("amqps://localhost/%2f", this_file).contains("no certificate"));
}
