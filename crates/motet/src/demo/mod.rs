//! `motet demo`: the real server, sample campaigns, simulated listeners over real HTTP, and a live summary.

mod drive;
pub(crate) mod listeners;
mod summary;

use std::{
    io::IsTerminal,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    cli, clock,
    serve::{self, Plan},
};

/// Runs the demo.
pub(crate) fn command(options: &cli::Demo) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(options))
}

async fn run(options: &cli::Demo) -> Result<()> {
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let data_dir: PathBuf = options.data_dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let plan = Plan {
        listen: Some(options.listen.clone()),
        data_dir: Some(data_dir.clone()),
        sample: true,
        overrides: vec![
            format!("decision.team={}", options.team),
            "control.tick_s=5".to_owned(),
            "log.level=warn".to_owned(),
        ],
        ..Plan::default()
    };
    let server = serve::start(plan).await?;
    if !options.json {
        introduce(server.addr, &server.admin_token, &data_dir);
    }
    let (counts, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
    let listeners = tokio::spawn(drive::drive(
        server.addr,
        options.seed,
        options.rate,
        Arc::clone(&counts),
        Arc::clone(&stop),
    ));
    let mut board = summary::Board::new(Arc::clone(&counts), Arc::clone(&server.runtime), server.addr);
    let began = clock::monotonic();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = second.tick() => {}
        }
        let elapsed = began.elapsed();
        if options.seconds.is_some_and(|seconds| elapsed >= Duration::from_secs(seconds)) {
            break;
        }
        if !options.json && std::io::stderr().is_terminal() {
            board.show(elapsed).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    listeners.await??;
    let closing = board.close(began.elapsed()).await?;
    server.stop().await;
    if options.json {
        println!("{}", serde_json::to_string(&closing)?);
    } else {
        println!("{closing}");
        if options.data_dir.is_some() {
            println!(
                "\nexplain the last bid:   motet explain {} --data-dir {}",
                closing.last_decision,
                data_dir.display()
            );
            println!("decide it all again:    motet replay --data-dir {}", data_dir.display());
        }
    }
    Ok(())
}

fn introduce(addr: SocketAddr, token: &str, data_dir: &std::path::Path) {
    println!("Motet serves on http://{addr} with sample campaigns; simulated listeners are on their way.");
    println!("  console and links   http://{addr}/");
    println!("  metrics             http://{addr}/metrics");
    println!("  campaign API        curl -H 'authorization: Bearer {token}' http://{addr}/v1/campaigns");
    println!("  data                {}", data_dir.display());
    println!("Ctrl-C stops it and prints a summary.\n");
}
