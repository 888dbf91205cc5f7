//! The field's benchmark markets, rebuilt: AuctionNet's and AuctionGym's formats, with their rivals.
