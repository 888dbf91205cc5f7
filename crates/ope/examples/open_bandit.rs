//! Prints our estimates on the six logs of the Open Bandit Data beside the Open Bandit Pipeline's, given the same policy and folds:
//! `cargo run --release -p motet-ope --example open_bandit -- FOLDER`, where FOLDER holds `random/` and `bts/`.

#[path = "../tests/reference/mod.rs"]
mod reference;

use std::path::Path;

use reference::ESTIMATORS;

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("name the folder that holds random/ and bts/");
        std::process::exit(2);
    };
    let theirs = reference::reference();
    for asked in reference::all(Path::new(&folder)) {
        let figure = |model: &str, name: &str| {
            theirs[&[asked.campaign, asked.logs, asked.target, model, name].map(str::to_owned)]
        };
        let support = &asked.learned.support;
        let (ess, weight) = (support.effective_rounds, support.max_weight);
        let (rows, truth) = (asked.loaded.reading.rows, figure("-", "truth"));
        println!(
            "{}: {rows} rows, on policy {truth:.4}, ESS {ess:.1}, largest weight {weight:.1}",
            asked.name()
        );
        for (index, (name, _)) in ESTIMATORS.iter().enumerate() {
            let (given, learned) = (&asked.given.arithmetic()[index], &asked.learned.arithmetic()[index]);
            let (low, high) = (learned.normal.low, learned.normal.high);
            println!(
                "  {name:<9} given rewards {:.9} / {:.9}   own model {:.9} / {:.9} / {:.9}   {low:.6} to {high:.6}",
                given.value,
                figure("table", name),
                learned.value,
                figure("lr-newton", name),
                figure("lr", name),
            );
        }
        for refusal in asked.learned.answer().err().unwrap_or_default() {
            println!("  refused: {refusal}");
        }
    }
}
