//! Whether a scenario makes sense; every fault by the name of its field.

use super::{Error, Floor, Outside, Range, Scenario, ShockKind};
use crate::world::topics;

/// Returns the days since 1970-01-01 of a `YYYY-MM-DD` date (Hinnant's days-from-civil).
pub(super) fn day_of(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn fault(field: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Value { field: field.into(), reason: reason.into() }
}

fn within(field: &str, value: f64, least: f64, most: f64) -> Result<(), Error> {
    if value.is_finite() && (least..=most).contains(&value) {
        return Ok(());
    }
    Err(fault(field, format!("{value} is not between {least} and {most}")))
}

fn share(field: &str, value: f64) -> Result<(), Error> {
    within(field, value, 0.0, 1.0)
}

fn range(field: &str, range: Range, most: f64) -> Result<(), Error> {
    within(field, range[0], 0.0, most)?;
    within(field, range[1], range[0], most)
}

fn known_topics(field: &str, names: &[String]) -> Result<(), Error> {
    match names.iter().find(|name| topics::by_name(name).is_none()) {
        Some(name) => Err(fault(field, format!("'{name}' is no top category of the content taxonomy"))),
        None => Ok(()),
    }
}

impl Scenario {
    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), Error> {
        if day_of(&self.start).is_none() {
            return Err(fault("start", format!("'{}' is no date of the form 2026-03-02", self.start)));
        }
        within("days", f64::from(self.days), 1.0, 366.0)?;
        within("tick_s", f64::from(self.tick_s), 1.0, 86_400.0)?;
        self.check_listeners()?;
        self.check_supply()?;
        self.check_campaigns()?;
        self.check_market()?;
        self.check_outcomes()?;
        self.check_trouble()?;
        self.engine_options().map(|_| ())
    }

    fn check_listeners(&self) -> Result<(), Error> {
        let listeners = &self.listeners;
        within("listeners.count", f64::from(listeners.count), 1.0, 20_000_000.0)?;
        within("listeners.sessions_per_day", listeners.sessions_per_day, 0.0, 1_000.0)?;
        within("listeners.activity_sigma", listeners.activity_sigma, 0.0, 5.0)?;
        if let Some(reason) = listeners.traffic.fault() {
            return Err(fault("listeners.traffic", reason));
        }
        if let super::Interests::Latent { topics, led, passing } = listeners.interests {
            within("listeners.interests.topics", f64::from(topics), 1.0, 4.0)?;
            share("listeners.interests.led", led)?;
            share("listeners.interests.passing", passing)?;
        }
        if let super::Drift::Replace { per_day } = listeners.drift {
            share("listeners.drift.per_day", per_day)?;
        }
        if let super::Fatigue::Exposure { keeps, half_life_h, attention_keeps } = listeners.fatigue {
            within("listeners.fatigue.keeps", keeps, 0.01, 1.0)?;
            within("listeners.fatigue.half_life_h", half_life_h, 0.01, 10_000.0)?;
            within("listeners.fatigue.attention_keeps", attention_keeps, 0.5, 1.0)?;
        }
        let consent = listeners.consent;
        share("listeners.consent", consent.refused + consent.limited + consent.child)?;
        if listeners.countries.is_empty() {
            return Err(fault("listeners.countries", "needs one at least"));
        }
        let bad = listeners.countries.iter().find(|c| motet_model::codes::Code::country(c).is_none());
        bad.map_or(Ok(()), |c| Err(fault("listeners.countries", format!("'{c}' is no country code"))))
    }

    fn check_supply(&self) -> Result<(), Error> {
        if self.publishers.is_empty() {
            return Err(fault("publishers", "needs one at least"));
        }
        for (place, publisher) in self.publishers.iter().enumerate() {
            let at = |name: &str| format!("publishers[{place}].{name}");
            within(&at("count"), f64::from(publisher.count), 1.0, 10_000.0)?;
            within(&at("share"), publisher.share, 0.0, 1e9)?;
            within(&at("requests_per_session"), publisher.requests_per_session, 1.0, 60.0)?;
            within(&at("gap_s"), publisher.gap_s, 0.001, 86_400.0)?;
            within(&at("slots"), publisher.slots, 1.0, 6.0)?;
            share(&at("click_rate"), publisher.click_rate)?;
            share(&at("viewable"), publisher.viewable)?;
            within(&at("price_level"), publisher.price_level, 0.0, 1_000.0)?;
            known_topics(&at("topics"), &publisher.topics)?;
            check_floor(&at("floor"), &publisher.floor)?;
            if let Some(outside) = &publisher.outside {
                check_outside(&at("outside"), outside)?;
            }
        }
        Ok(())
    }

    fn check_campaigns(&self) -> Result<(), Error> {
        for (place, group) in self.campaigns.iter().enumerate() {
            let at = |name: &str| format!("campaigns[{place}].{name}");
            within(&at("count"), f64::from(group.count), 0.0, 1_000_000.0)?;
            range(&at("worth"), group.worth, 1e6)?;
            range(&at("daily_budget"), group.daily_budget, 1e8)?;
            within(&at("return_on_spend"), group.return_on_spend, 0.01, 1_000.0)?;
            within(&at("quality_sigma"), group.quality_sigma, 0.0, 3.0)?;
            within(&at("creatives"), f64::from(group.creatives), 1.0, 50.0)?;
            share(&at("conversion_rate"), group.conversion_rate)?;
            known_topics(&at("topics"), &group.topics)?;
            if group.media.is_empty() {
                return Err(fault(at("media"), "needs one at least"));
            }
        }
        Ok(())
    }

    fn check_market(&self) -> Result<(), Error> {
        check_outside("market.outside", &self.market.outside)?;
        share("market.told", self.market.told)?;
        share("market.take_rate", self.market.take_rate)?;
        within("market.informed", self.market.informed, 0.0, 5.0)?;
        for (place, rival) in self.market.rivals.iter().enumerate() {
            let at = |name: &str| format!("market.rivals[{place}].{name}");
            share(&at("interest"), rival.interest)?;
            within(&at("value_cpm"), rival.value_cpm, 0.0, 10_000.0)?;
            within(&at("sigma"), rival.sigma, 0.0, 5.0)?;
            within(&at("daily_budget"), rival.daily_budget, 0.0, 1e9)?;
            share(&at("gain"), rival.gain)?;
        }
        Ok(())
    }

    fn check_outcomes(&self) -> Result<(), Error> {
        let outcomes = &self.outcomes;
        share("outcomes.rendered", outcomes.rendered)?;
        let delays = [
            ("notice_delay", &outcomes.notice_delay),
            ("render_delay", &outcomes.render_delay),
            ("click_delay", &outcomes.click_delay),
            ("conversion_delay", &outcomes.conversion_delay),
            ("report_delay", &outcomes.report_delay),
        ];
        let bad = delays.iter().find_map(|(name, delay)| delay.fault().map(|reason| (name, reason)));
        bad.map_or(Ok(()), |(name, reason)| Err(fault(format!("outcomes.{name}"), reason)))
    }

    fn check_trouble(&self) -> Result<(), Error> {
        let most = crate::world::fraud::MOST_ATTACKS;
        within("fraud", self.fraud.len() as f64, 0.0, most as f64)?;
        let carries = |id: &String| self.publishers.iter().any(|publisher| publisher.id == *id);
        for (place, attack) in self.fraud.iter().enumerate() {
            if let Some(id) = attack.publisher.as_ref().filter(|id| !carries(id)) {
                return Err(fault(
                    format!("fraud[{place}].publisher"),
                    format!("there is no publisher '{id}'"),
                ));
            }
            within(&format!("fraud[{place}].share"), attack.share, 0.0, 10.0)?;
            within(&format!("fraud[{place}].sources"), f64::from(attack.sources), 1.0, 1e6)?;
        }
        let groups = |id: &String| self.campaigns.iter().any(|group| group.id == *id);
        for (place, shock) in self.shocks.iter().enumerate() {
            let at = format!("shocks[{place}]");
            match &shock.kind {
                ShockKind::RivalLeaves { rival: Some(id), .. }
                    if !self.market.rivals.iter().any(|rival| rival.id == *id) =>
                {
                    return Err(fault(at, format!("there is no rival '{id}'")));
                }
                ShockKind::RivalLeaves { factor, .. } => within(&at, *factor, 0.0, 100.0)?,
                ShockKind::BudgetChange { group, .. }
                | ShockKind::BrokenTracker { group: Some(group), .. }
                    if !groups(group) =>
                {
                    return Err(fault(at, format!("there is no campaign group '{group}'")));
                }
                ShockKind::TrafficSpike { factor } | ShockKind::BudgetChange { factor, .. } => {
                    within(&at, *factor, 0.0, 1_000.0)?;
                }
                ShockKind::BrokenTracker { lost: part, .. } | ShockKind::StaleFeed { share: part } => {
                    share(&at, *part)?;
                }
            }
        }
        Ok(())
    }
}

fn check_floor(field: &str, floor: &Floor) -> Result<(), Error> {
    match floor {
        Floor::None => Ok(()),
        Floor::Fixed { cpm } => within(field, *cpm, 0.0, 10_000.0),
        Floor::LogNormal { median_cpm, sigma } => {
            within(field, *median_cpm, 0.0, 10_000.0).and_then(|()| within(field, *sigma, 0.0, 5.0))
        }
        Floor::Quantiles { none, cpm } => share(field, *none).and_then(|()| rising(field, cpm)),
    }
}

fn check_outside(field: &str, outside: &Outside) -> Result<(), Error> {
    match outside {
        Outside::None => Ok(()),
        Outside::LogNormal { median_cpm, sigma } => {
            within(field, *median_cpm, 0.0, 10_000.0).and_then(|()| within(field, *sigma, 0.0, 5.0))
        }
        Outside::Quantiles { cpm, hours } => {
            if !hours.is_empty() && hours.len() != 24 {
                return Err(fault(format!("{field}.hours"), "needs 24 factors, or none"));
            }
            rising(field, cpm)
        }
    }
}

fn rising(field: &str, list: &[f64]) -> Result<(), Error> {
    let sound = list.len() >= 2 && list.is_sorted() && list.iter().all(|x| x.is_finite() && *x >= 0.0);
    if sound { Ok(()) } else { Err(fault(field, "needs two rising quantiles at least, not negative")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_from_1970() {
        assert_eq!(day_of("1970-01-01"), Some(0));
        assert_eq!(day_of("2000-03-01"), Some(11_017));
        assert_eq!(day_of("2026-03-02"), Some(20_514));
        assert_eq!(day_of("2026-13-02"), None);
        assert_eq!(day_of("yesterday"), None);
    }
}
