//! A request that says nothing: what agents that learn only from the bids of a decision are told of its request.

use motet_model::{
    codes::Code,
    request::{
        AdRequest, Blocks, CurrencyRate, Device, Inventory, Mode, Oddities, Pricing, Privacy, SupplyChain,
        User,
    },
};

pub(crate) fn request() -> AdRequest {
    AdRequest {
        id: String::new(),
        imps: Vec::new(),
        inventory: Inventory::default(),
        device: Device::default(),
        user: User::default(),
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("XXX").expect("three letters"), nanos_per_unit: 1 },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}
