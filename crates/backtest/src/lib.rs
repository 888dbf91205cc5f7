//! One bidder against a log of real prices: replay of iPinYou campaigns and the bidders to beat there.
