//! Stand-in until the harness exists.
use kernel::{Ambient, ReadPool, WritePool};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::Connection as _;

pub struct Database(PgConnectOptions);

pub async fn tracker() -> Database {
    let options: PgConnectOptions = "postgres://postgres@127.0.0.1:55444/postgres".parse().unwrap();
    let mut ambient = [0_u8; 8];
    Ambient::system().fill(&mut ambient);
    let name = format!("identity_scratch_{}", u64::from_le_bytes(ambient));
    let mut connection = options.connect().await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let options = options.database(&name);
    let mut connection = options.connect().await.unwrap();
    identity::MIGRATOR.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Database(options)
}

impl Database {
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::new(self.0.clone(), 8, schema, ambient.clone())
    }
    pub fn read_pool(&self) -> ReadPool {
        ReadPool::new(self.0.clone(), 4)
    }
}
