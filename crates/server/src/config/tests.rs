use super::*;

fn pair(path: &str, value: &str) -> (String, String) {
    (path.to_owned(), value.to_owned())
}

#[test]
fn the_shipped_text_is_the_default_and_has_no_problem() {
    let read = Config::read(Some(Config::default_toml()), [], &[]).unwrap();
    assert_eq!(read, Config::default());
    assert_eq!(read.check(), []);
    assert_eq!(read.server.body_limit_kib, 256);
    assert_eq!(read.openrtb.deadline_ms, 50);
    assert_eq!(read.agents.len(), 7);
}

#[test]
fn flags_stand_over_environment_over_file_over_defaults() {
    let file = "[server]\nbody_limit_kib = 1\nconnections = 1\nin_flight = 1\n";
    let environment = [
        pair("MOTET_SERVER__CONNECTIONS", "2"),
        pair("MOTET_SERVER__IN_FLIGHT", "2"),
        pair("MOTET_OPENRTB__RATES__eur", "\"1.08\""),
        pair("MOTET_ADMIN_TOKEN", "no setting"),
        pair("PATH", "/bin"),
    ];
    let config = Config::read(Some(file), environment, &[pair("server.in_flight", "3")]).unwrap();
    assert_eq!((config.server.body_limit_kib, config.server.connections, config.server.in_flight), (1, 2, 3));
    assert_eq!(config.openrtb.rates["eur"], "1.08");
    assert_eq!(config.server.keep_alive_s, 75);
}

#[test]
fn values_are_read_as_the_kind_that_stands_there() {
    let overrides = [
        pair("log.level", "3"),
        pair("openrtb.owned_publishers", r#"["pub-1", "radio.example"]"#),
        pair("agents.bidder.explore", "0.25"),
        pair("agents.bidder.name", "plain words"),
        pair("journal.dir", "/tmp/x"),
    ];
    let config = Config::read(None, [], &overrides).unwrap();
    assert_eq!(config.log.level, "3");
    assert_eq!(config.openrtb.owned_publishers, ["pub-1", "radio.example"]);
    assert_eq!(config.agent("bidder")["explore"].as_float(), Some(0.25));
    assert_eq!(config.agent("bidder")["name"].as_str(), Some("plain words"));
    assert_eq!(config.secrets_path(), PathBuf::from("/tmp/x/secrets.toml"));
}

#[test]
fn an_unknown_key_is_named() {
    for (file, key) in [
        ("[server]\nlisten_on = 1", "server.listen_on"),
        ("[sever]\nlisten = 1", "sever"),
        ("[ledger.bid_window_s]\nbaner = 1", "ledger.bid_window_s.baner"),
        ("[server]\nconnections = \"many\"", "server.connections"),
    ] {
        let error = Config::read(Some(file), [], &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("'{key}'")), "{file} gives {error}");
    }
    let error = Config::read(None, [pair("MOTET_SERVER__LISEN", "x")], &[]).unwrap_err().to_string();
    assert!(error.contains("'server.lisen'"), "{error}");
}

#[test]
fn all_problems_are_told_at_once() {
    let file = r#"
        [server]
        connections = 0
        public_url = "ftp://x"
        [openrtb]
        currency = "dollars"
        rates = { EUR = "-1", euro = "1" }
        [tokens]
        overlap_days = 0
        file = "../secrets"
        [agents.poet]
    "#;
    let problems = Config::read(Some(file), [], &[]).unwrap().check();
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "server.public_url",
            "server.connections",
            "openrtb.currency",
            "openrtb.rates.EUR",
            "openrtb.rates.euro",
            "tokens.overlap_days",
            "tokens.file",
            "agents.poet"
        ]
    );
}

#[test]
fn no_folder_means_the_fixed_policies_and_no_seconds_no_watch() {
    use crate::policies::GateRule;
    let shipped = Config::default().policies.settings();
    assert_eq!((shipped.dir, shipped.gate), (None, GateRule::Required));
    let set = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(path, value)| pair(path, value)).collect();
        Config::read(None, [], &pairs).unwrap()
    };
    let settings = set(&[("policies.dir", "/p"), ("policies.watch_s", "0")]).policies.settings();
    assert_eq!((settings.dir, settings.watch), (Some(PathBuf::from("/p")), None));
    let own = set(&[("journal.dir", "/d"), ("policies.dir", "/d/policies/current")]).check();
    assert_eq!(own.iter().map(|problem| &*problem.key).collect::<Vec<_>>(), ["policies.dir"]);
}

#[test]
fn a_shared_store_needs_its_feature_and_an_address_that_is_never_shown() {
    let set = |url: &str| Config::read(None, [pair("MOTET_STORE__URL", url)], &[]).unwrap();
    assert!(!Config::default().store.is_shared());
    let odd = set("mysql://ann:hidden@db.example/motet");
    let problems = odd.check();
    assert_eq!(problems.first().map(|problem| &*problem.key), Some("store.url"));
    assert!(!format!("{problems:?}{odd:?}").contains("hidden"));
    let known = set("postgres://ann:hidden@db.example/motet");
    assert!(known.store.is_shared() && !format!("{known:?}").contains("hidden"));
    let problems = known.check();
    assert_eq!(problems.is_empty(), cfg!(feature = "postgres"), "{problems:?}");
    assert!(problems.iter().all(|problem| problem.message.contains("feature 'postgres'")));
}

#[test]
fn the_public_address_defaults_to_the_listening_one() {
    let listening = "127.0.0.1:9000".parse().unwrap();
    assert_eq!(Config::default().public_url(listening), "http://127.0.0.1:9000");
    let config = Config::read(None, [], &[pair("server.public_url", "https://ads.example/")]).unwrap();
    assert_eq!(config.public_url(listening), "https://ads.example");
}

#[test]
fn the_settings_in_the_deploy_folder_are_settings() {
    let manifest = include_str!("../../../../deploy/kubernetes/config.yaml");
    let block = manifest.split("motet.toml: |\n").nth(1).unwrap().lines();
    let inside = block.take_while(|line| line.is_empty() || line.starts_with("    "));
    let text: String = inside.map(|line| line.trim_start().to_owned() + "\n").collect();
    let config = Config::read(Some(&text), [], &[]).unwrap();
    // The image is built with every feature; a lean build says which one it lacks, and nothing else.
    let problems: Vec<Problem> =
        config.check().into_iter().filter(|problem| !problem.message.contains("is not built in")).collect();
    assert_eq!(problems, []);
    assert_eq!(config.artf.listen, "0.0.0.0:50051");
}
