//! What comes of an impression. Moods are drawn by visit and slot alone, so that two teams that show the same ad to the same
//! visit see the same outcome.

use motet_model::{
    campaign::Goal,
    ids::{CampaignIx, CreativeIx},
};
use motet_units::{Chance, Nanos, Span, Stream};

use super::{Visit, World, listeners::Memory};
use crate::{
    dist,
    scenario::{Click, Conversion},
};

/// How one slot of one visit turns out, whatever is shown in it.
#[derive(Clone, Debug)]
pub struct Mood {
    /// Below the rendered share it renders.
    pub render: f64,
    /// Below the viewable share it can be seen.
    pub view: f64,
    /// Below the chance of a click it is clicked.
    pub click: f64,
    /// Below the chance of a conversion a click converts.
    pub convert: f64,
    /// Below the told share a loss tells its price.
    pub told: f64,
    /// Below the lost share a broken tracker loses it.
    pub lost: f64,
    /// What a sale is drawn from: few slots lead to one.
    sale: Stream,
}

impl Mood {
    /// Draws how large a sale is, in standard deviations of its logarithm; the same each time.
    pub fn sale(&self) -> f64 {
        dist::normal(&mut self.sale.clone())
    }
}

impl World {
    /// Draws a slot's mood.
    pub fn mood(&self, visit: &Visit, imp: u16) -> Mood {
        let mut draw = Chance::new(self.seed, visit.slot(imp)).stream("mood");
        Mood {
            render: draw.unit(),
            view: draw.unit(),
            click: draw.unit(),
            convert: draw.unit(),
            told: draw.unit(),
            lost: draw.unit(),
            sale: draw,
        }
    }

    /// Draws how long it takes until a win is told and rendered.
    pub fn early_delays(&self, visit: &Visit, imp: u16) -> (Span, Span) {
        let mut draw = Chance::new(self.seed, visit.slot(imp)).stream("delays");
        let outcomes = &self.scenario.outcomes;
        (outcomes.notice_delay.draw(&mut draw), outcomes.render_delay.draw(&mut draw))
    }

    /// Draws how long it takes from impression to click, click to conversion, and conversion to report.
    pub fn late_delays(&self, visit: &Visit, imp: u16) -> (Span, Span, Span) {
        let mut draw = Chance::new(self.seed, visit.slot(imp)).stream("late delays");
        let outcomes = &self.scenario.outcomes;
        (
            outcomes.click_delay.draw(&mut draw),
            outcomes.conversion_delay.draw(&mut draw),
            outcomes.report_delay.draw(&mut draw),
        )
    }

    /// Returns how interested the visitor is in a campaign's topic, in [0, 1].
    pub fn interest(&self, visit: &Visit, campaign: CampaignIx) -> f64 {
        let topic = self.campaigns.truth[campaign.get()].topic;
        self.population.interest(visit.listener, visit.day, visit.passing, topic)
    }

    /// Returns the true chance that an ad is clicked if it is seen now.
    pub fn p_click(&self, visit: &Visit, creative: CreativeIx, memory: &Memory, now_s: u32) -> f64 {
        let campaign = self.campaigns.of_creative[creative.get()];
        let slot = self.publisher(visit.publisher).click_rate * self.campaigns.quality[creative.get()];
        let fresh = self.population.freshness(memory, campaign, now_s);
        let drawn = match self.scenario.outcomes.click {
            Click::Flat => 1.0,
            Click::Interest { gain, .. } => {
                let interest = self.interest(visit, CampaignIx(campaign));
                let lift = if interest > 0.0 { libm::exp(gain * interest) } else { 1.0 };
                f64::from(self.population.get(visit.listener).inclination) * lift
            }
        };
        (slot * drawn * fresh).min(0.9)
    }

    /// Returns the true chance that a click converts.
    pub fn p_conversion(&self, visit: &Visit, campaign: CampaignIx) -> f64 {
        let rate = self.campaigns.truth[campaign.get()].conversion_rate;
        match self.scenario.outcomes.conversion {
            Conversion::Flat => rate,
            Conversion::Interest { gain, .. } => {
                (rate * libm::exp(gain * self.interest(visit, campaign))).min(0.9)
            }
        }
    }

    /// Returns what a conversion brings.
    pub fn sale(&self, campaign: CampaignIx, mood: &Mood) -> Nanos {
        let average = self.campaigns.truth[campaign.get()].sale;
        let sigma = match self.scenario.outcomes.conversion {
            Conversion::Interest { sale_sigma, .. } => sale_sigma,
            Conversion::Flat => 0.0,
        };
        // Mean as stated: the logarithm is centred half a variance lower.
        Nanos::from_units(average.units() * libm::exp(sigma * mood.sale() - 0.5 * sigma * sigma))
    }

    /// Returns what an impression is truly worth to a campaign, in nanos: what its goal pays for, expected.
    pub fn worth(&self, campaign: CampaignIx, p_click: f64, p_conversion: f64) -> f64 {
        match self.campaigns.truth[campaign.get()].goal {
            Goal::Cpm { price } => price.as_f64(),
            Goal::Cpc { click } => p_click * click.as_f64(),
            Goal::Cpa { conversion } => p_click * p_conversion * conversion.as_f64(),
            Goal::TargetRoas { sale, return_millis } => {
                p_click * p_conversion * sale.as_f64() * 1_000.0 / f64::from(return_millis.max(1))
            }
        }
    }
}
