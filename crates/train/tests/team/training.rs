//! Trainings: the same bytes on any number of threads and after a stop, and clear words where one cannot go on.

use motet_train::{Algo, Config, Training};

use crate::{config, tiny};

fn begin(config: Config) -> Training {
    Training::new(&tiny().unwrap(), config).unwrap()
}

/// Trains to the end on one thread and on two, and once more from the bytes kept before the last round.
fn is_one_and_the_same(algo: Algo) {
    let mut alone = begin(config(algo));
    alone.round(1).unwrap();
    alone.round(1).unwrap();
    let kept = alone.save();
    alone.round(1).unwrap();
    assert!(alone.is_over() && alone.history().iter().any(|progress| progress.updates > 0));

    let mut together = begin(config(algo));
    while !together.is_over() {
        together.round(2).unwrap();
    }
    assert!(alone.save() == together.save(), "{algo:?} on two threads");

    let mut later = Training::load(&tiny().unwrap(), config(algo), &kept).unwrap();
    assert_eq!(later.history().len(), 2);
    later.round(2).unwrap();
    assert!(alone.save() == later.save(), "{algo:?} after a stop");
}

#[test]
fn tables_train_to_the_same_bytes_on_two_threads_and_after_a_stop() {
    is_one_and_the_same(Algo::Q);
}

#[test]
fn networks_train_to_the_same_bytes_on_two_threads_and_after_a_stop() {
    is_one_and_the_same(Algo::Matd3);
}

#[test]
fn another_seed_trains_to_other_bytes() {
    let [one, other] = [3, 4].map(|seed| {
        let mut training = begin(Config { seed, ..config(Algo::Q) });
        training.round(2).unwrap();
        training.history()[0].clone()
    });
    assert_ne!(one, other);
}

#[test]
fn a_training_that_cannot_go_on_says_why() {
    let (scenario, own) = (tiny().unwrap(), config(Algo::Matd3));
    let bytes = begin(own.clone()).save();
    let load =
        |scenario, config, bytes: &[u8]| Training::load(scenario, config, bytes).unwrap_err().to_string();

    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for damaged in [&flipped[..], &bytes[..bytes.len() / 2], &bytes[..3], &[]] {
        let error = load(&scenario, own.clone(), damaged);
        assert!(error.starts_with("the saved training cannot be read: it"), "{error}");
    }
    let mut elsewhere = scenario.clone();
    elsewhere.market.take_rate += 0.01;
    let error = load(&elsewhere, own.clone(), &bytes);
    assert!(error.starts_with("the saved training was made with another scenario;"), "{error}");
    let error = load(&scenario, Config { gamma: 0.8, ..own.clone() }, &bytes);
    assert!(error.starts_with("the saved training was made with another configuration;"), "{error}");
    assert!(Training::load(&scenario, own, &bytes).is_ok(), "and where nothing differs it goes on");
}

#[test]
fn settings_out_of_range_are_named() {
    let refused = |config: Config| Training::new(&tiny().unwrap(), config).unwrap_err().to_string();
    let own = config(Algo::Matd3);
    assert_eq!(refused(Config { share: 0.0, ..own.clone() }), "share must be above 0 and at most 1, was 0");
    assert_eq!(refused(Config { hold: 0, ..own.clone() }), "hold must be within 1 and 100,000, was 0");
    assert!(refused(Config { noise: [0.3, f64::NAN], ..own.clone() }).starts_with("noise must be"));
    assert!(refused(Config { gamma: 1.0, ..own }).contains("gamma"));
}
