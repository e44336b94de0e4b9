//! The routes of accounting, one endpoint a file.

mod close_day;
mod get_day;
mod get_my_statement;
mod get_my_wallet;
mod get_wallet;
mod list_days;
mod list_earnings;
mod list_my_transfers;
mod list_payouts;
mod list_wallet_transfers;
mod list_wallets;
mod post_correction;
mod preview_close;
mod views;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Accounting;

pub fn configure(config: &mut ServiceConfig<'_>, accounting: Accounting) {
    config
        .app_data(Data::new(accounting))
        // The routes of one's own wallet come before those with an id, which would take "me" for one.
        .service(get_my_wallet::get_my_wallet)
        .service(list_my_transfers::list_my_transfers)
        .service(get_my_statement::get_my_statement)
        .service(list_wallets::list_wallets)
        .service(get_wallet::get_wallet)
        .service(list_wallet_transfers::list_wallet_transfers)
        .service(list_earnings::list_earnings)
        .service(list_days::list_days)
        .service(get_day::get_day)
        .service(preview_close::preview_close)
        .service(close_day::close_day)
        .service(list_payouts::list_payouts)
        .service(post_correction::post_correction);
}
