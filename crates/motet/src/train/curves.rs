//! A training's curves: a table for programs and a picture for people.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, Result};
use motet_plot::{Axis, Chart, Mark, Series};
use motet_train::Progress;

/// Writes `curves.csv` and `curves.svg` into a training's folder.
pub(super) fn write(folder: &Path, history: &[Progress]) -> Result<()> {
    super::write_whole(&folder.join("curves.csv"), table(history).as_bytes())?;
    let path = folder.join("curves.svg");
    std::fs::write(&path, picture(history)?).with_context(|| format!("cannot write {}", path.display()))
}

fn table(history: &[Progress]) -> String {
    let parts: Vec<&str> = motet_train::Parts::default().named().map(|(name, _)| name).to_vec();
    let mut text = format!(
        "round,rows,updates,objective,validation,fixed,baseline,critic_loss,value,saturated,{}\n",
        parts.join(",")
    );
    for p in history {
        let validation = p.validation.map_or_else(String::new, |value| value.to_string());
        let _ = write!(
            text,
            "{},{},{},{},{validation},{},{},{},{},{}",
            p.round, p.rows, p.updates, p.objective, p.fixed, p.baseline, p.critic_loss, p.value, p.saturated
        );
        for (_, value) in p.parts.named() {
            let _ = write!(text, ",{value}");
        }
        text.push('\n');
    }
    text
}

fn picture(history: &[Progress]) -> Result<String> {
    let of = |value: fn(&Progress) -> Option<f64>| -> Vec<(f64, f64)> {
        history.iter().filter_map(|p| value(p).map(|value| (f64::from(p.round), value))).collect()
    };
    let lines = [
        ("learned, without exploration", of(|p| p.validation)),
        ("fixed policies", of(|p| Some(p.fixed))),
        ("baseline", of(|p| Some(p.baseline))),
    ];
    let series = lines.into_iter().map(|(name, points)| Series::new(name, Mark::Line, points)).collect();
    let (x, y) = (Axis::new("round"), Axis::new("units of the currency"));
    Ok(motet_plot::chart(&Chart::new("Objective on the validation worlds", x, y, series))?)
}
