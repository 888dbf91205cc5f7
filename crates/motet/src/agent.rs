//! `motet agent`: one agent in a process of its own, reached over gRPC or a broker.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, bail};
use motet_agent::AgentName;
use motet_engine::CARDS;
use motet_placement::{Process, broker, serve_grpc};
use motet_server::{logging, policies::read_folder};

use crate::{cli, serve::wait_for_stop};

/// Runs one agent until told to stop.
pub(crate) fn command(options: &cli::Agent) -> Result<()> {
    let config = motet_server::config::Config::default();
    if let Err(error) = logging::init(&config.log) {
        tracing::debug!(%error, "logging was set up before");
    }
    let name = agent(&options.name)?;
    let policies = options.policy.as_deref().map(read_folder).transpose()?.map(|found| found.set);
    let process = Arc::new(Process::new(name, policies.map(Arc::new))?.drilling(options.drill));
    // An agent works on one request at a time; a second thread reads and writes meanwhile.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match (&options.listen, &options.bus) {
            (Some(addr), None) => over_grpc(process, *addr).await,
            (None, Some(url)) => over_broker(&process, url, &options.version_name).await,
            _ => bail!("say where the agent is reached: --listen ADDR for gRPC, or --bus URL for a broker"),
        }
    })
}

fn agent(name: &str) -> Result<AgentName> {
    let found = AgentName::TEAM.into_iter().find(|agent| agent.name() == name);
    found.with_context(|| {
        let known: Vec<_> =
            CARDS.iter().map(|card| card.name.name()).filter(|known| *known != "baseline").collect();
        format!("there is no agent '{name}'; there are {}", known.join(", "))
    })
}

async fn over_grpc(process: Arc<Process>, addr: SocketAddr) -> Result<()> {
    let name = process.name().name();
    let listening = serve_grpc::listen(addr).await.with_context(|| format!("cannot listen on {addr}"))?;
    println!("{name} listening on {}", listening.addr);
    let stop = async {
        if let Err(error) = wait_for_stop().await {
            tracing::error!(%error, "cannot wait for a signal");
        }
        tracing::info!("stopping");
    };
    Ok(serve_grpc::serve(process, listening, stop).await?)
}

async fn over_broker(process: &Arc<Process>, url: &str, version: &str) -> Result<()> {
    let name = process.name().name();
    let calls = motet_bus::open_calls(url, &motet_bus::Settings::default()).await?;
    calls.prepare(&broker::feed_subject(process.name())).await?;
    let serving = broker::serve_asks(&*calls, Arc::clone(process), version).await?;
    println!("{name} serving {} on {url}", broker::ask_subject(process.name(), version));
    tokio::select! {
        () = broker::keep_fed(&*calls, process) => {}
        stopped = wait_for_stop() => stopped?,
    }
    tracing::info!("stopping");
    drop(serving);
    Ok(())
}
