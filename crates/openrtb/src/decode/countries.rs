//! Country codes: the standard wants ISO 3166 alpha-3, much traffic sends alpha-2.
//!
//! Source: ISO 3166-1, with `XK` for Kosovo as it is commonly written. `UK` is read as `GB`.

use motet_model::codes::Code;

/// Every alpha-2 code with its alpha-3 code behind it, in order of the first.
const CODES: &str = "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE \
    BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS \
    BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN \
    COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST \
    EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF \
    GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD \
    HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM \
    JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA \
    LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD \
    MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM \
    NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG \
    PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA \
    SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD \
    STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON \
    TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR \
    VNVNM VUVUT WFWLF WSWSM XKXKX YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

const WIDTH: usize = 6;

/// Reads a country of two or three letters as its alpha-3 code. Three letters are taken as they are; two unknown ones
/// are no country.
pub(crate) fn read(text: &str) -> Option<Code> {
    let text = text.trim();
    match text.len() {
        3 => Code::country(text),
        2 => alpha3(&text.to_ascii_uppercase()).and_then(Code::country),
        _ => None,
    }
}

fn alpha3(alpha2: &str) -> Option<&'static str> {
    let alpha2 = if alpha2 == "UK" { "GB" } else { alpha2 };
    let entry = |place: usize| &CODES[place * WIDTH..place * WIDTH + WIDTH - 1];
    let (mut low, mut high) = (0, (CODES.len() + 1) / WIDTH);
    while low < high {
        let middle = usize::midpoint(low, high);
        match entry(middle)[..2].cmp(alpha2) {
            std::cmp::Ordering::Equal => return Some(&entry(middle)[2..]),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_found_whole() {
        let entries: Vec<&str> = CODES.split(' ').collect();
        assert_eq!(entries.len(), 250);
        assert!(entries.is_sorted());
        for entry in entries {
            assert_eq!(alpha3(&entry[..2]), Some(&entry[2..]), "{entry}");
        }
    }

    #[test]
    fn two_and_three_letters_are_one_country() {
        let code = |text| read(text).map(|code| code.as_str().to_owned());
        for (text, alpha3) in [
            ("de", Some("DEU")),
            ("DEU", Some("DEU")),
            ("uk", Some("GBR")),
            ("ch", Some("CHE")),
            ("ZZ", None),
            ("", None),
            ("Germany", None),
            ("\u{e9}", None),
        ] {
            assert_eq!(code(text).as_deref(), alpha3, "{text}");
        }
    }
}
