//! `motet artf`: the agents served to other hosts, and the manifest of the container that does it.

use anyhow::Result;

use crate::{
    cli::Artf,
    serve::{self, Plan},
};

/// Does what is asked.
pub(crate) fn command(options: &Artf) -> Result<()> {
    match options {
        Artf::Serve(options) => {
            let mut overrides = options.overrides.clone();
            overrides.push(format!("artf.listen={}", options.listen));
            let plan = Plan {
                config: options.config.clone(),
                listen: options.http.clone(),
                data_dir: options.data_dir.clone(),
                sample: options.sample,
                overrides,
            };
            serve::run(tokio::runtime::Builder::new_multi_thread(), plan)
        }
        Artf::Manifest { labels: false } => {
            println!("{:#}", motet_artf::manifest::manifest(env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        Artf::Manifest { labels: true } => {
            for (key, value) in motet_artf::manifest::labels(env!("CARGO_PKG_VERSION")) {
                println!("{key}={value}");
            }
            Ok(())
        }
    }
}
