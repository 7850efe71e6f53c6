//! The forms of vendors' tokens, as the vendors document them or as their tokens show: a literal prefix, then parts.
//!
//! Only prefixes are here, never a token. Rows are in the order of their first byte, which the lookup relies on.

use super::token_rule::Part::{Run, Text};
use super::token_rule::Set::{Alnum, Base32, Base64, Digit, Hex, Letter, Upper, Url, Wide};
use super::token_rule::{Part, Rule};
use crate::detector::Detector;

/// For tokens of open length.
const MANY: usize = usize::MAX;

const fn secret(prefix: &'static str, parts: &'static [Part]) -> Rule {
    Rule {
        prefix,
        parts,
        detector: Detector::Secret,
    }
}

const fn aws(prefix: &'static str) -> Rule {
    Rule {
        prefix,
        parts: &[Run(Base32, 16, 16)],
        detector: Detector::AwsKey,
    }
}

const UUID: &[Part] = &[
    Run(Hex, 8, 8),
    Text("-"),
    Run(Hex, 4, 4),
    Text("-"),
    Run(Hex, 4, 4),
    Text("-"),
    Run(Hex, 4, 4),
    Text("-"),
    Run(Hex, 12, 12),
];

/// The rules, ascending by first byte.
pub(crate) const RULES: &[Rule] = &[
    // Google: refresh token
    secret("1//0", &[Run(Url, 40, 200)]),
    // 1Password: secret key
    secret(
        "A3-",
        &[
            Run(Upper, 6, 6),
            Text("-"),
            Run(Upper, 11, 11),
            Text("-"),
            Run(Upper, 5, 5),
            Text("-"),
            Run(Upper, 5, 5),
            Text("-"),
            Run(Upper, 5, 5),
        ],
    ),
    secret(
        "A3-",
        &[
            Run(Upper, 6, 6),
            Text("-"),
            Run(Upper, 6, 6),
            Text("-"),
            Run(Upper, 5, 5),
            Text("-"),
            Run(Upper, 5, 5),
            Text("-"),
            Run(Upper, 5, 5),
            Text("-"),
            Run(Upper, 5, 5),
        ],
    ),
    aws("A3T"),
    aws("ABIA"),
    // Amazon Bedrock: long-lived key
    secret("ABSK", &[Run(Base64, 100, 280)]),
    aws("ACCA"),
    // age
    secret("AGE-SECRET-KEY-1", &[Run(Upper, 58, 58)]),
    aws("AKIA"),
    // Artifactory
    secret("AKCp", &[Run(Alnum, 50, 80)]),
    // Octopus Deploy
    secret("API-", &[Run(Upper, 26, 26)]),
    // Yandex Cloud
    secret("AQVN", &[Run(Url, 35, 38)]),
    aws("ASIA"),
    // Atlassian, Bitbucket
    secret("ATATT3", &[Run(Wide, 100, 250)]),
    secret("ATBB", &[Run(Alnum, 28, 36)]),
    secret("ATCTT3", &[Run(Wide, 100, 250)]),
    // Trello
    secret("ATTA", &[Run(Alnum, 60, 72)]),
    // Google: API key
    secret("AIza", &[Run(Url, 35, 39)]),
    // Twitter: bearer
    secret("AAAAAAAAAAAAAAAAAAAAAA", &[Run(Alnum, 80, 100)]),
    // CircleCI
    secret("CCIPAT_", &[Run(Url, 40, 100)]),
    secret("CCIPRJ_", &[Run(Url, 40, 100)]),
    // Contentful
    secret("CFPAT-", &[Run(Url, 40, 48)]),
    // Clojars
    secret("CLOJARS_", &[Run(Alnum, 60, 60)]),
    // Square, Facebook
    secret("EAAA", &[Run(Url, 60, 300)]),
    secret("EAAC", &[Run(Alnum, 80, 300)]),
    secret("EAAM", &[Run(Alnum, 80, 300)]),
    // EasyPost
    secret("EZAK", &[Run(Alnum, 54, 54)]),
    secret("EZTK", &[Run(Alnum, 54, 54)]),
    // Flutterwave
    secret("FLWPUBK", &[Run(Url, 15, 60)]),
    secret("FLWSECK", &[Run(Url, 15, 60)]),
    // Google: OAuth client secret
    secret("GOCSPX-", &[Run(Url, 28, 28)]),
    // GitLab: runner registration
    secret("GR1348941", &[Run(Url, 20, 30)]),
    // Heroku
    secret("HRKU-", &[Run(Url, 36, 80)]),
    // Alibaba Cloud
    secret("LTAI", &[Run(Alnum, 16, 26)]),
    // New Relic
    secret("NRAK-", &[Run(Alnum, 27, 27)]),
    secret("NRII-", &[Run(Url, 32, 32)]),
    secret("NRJS-", &[Run(Hex, 19, 19)]),
    // Postman
    secret("PMAK-", &[Run(Hex, 24, 24), Text("-"), Run(Hex, 34, 34)]),
    // SendGrid
    secret("SG.", &[Run(Wide, 60, 80)]),
    // Twilio: API key
    secret("SK", &[Run(Hex, 32, 32)]),
    // Yandex Cloud: static secret
    secret("YC", &[Run(Url, 38, 38)]),
    // GitLab: session cookie
    secret("_gitlab_session=", &[Run(Alnum, 32, 32)]),
    // Plaid
    secret("access-development-", UUID),
    secret("access-production-", UUID),
    secret("access-sandbox-", UUID),
    // Akamai
    secret(
        "akab-",
        &[Run(Alnum, 16, 16), Text("-"), Run(Alnum, 16, 16)],
    ),
    // Hugging Face: organisation
    secret("api_org_", &[Run(Letter, 34, 34)]),
    // Amazon Bedrock: short-lived key
    secret(
        "bedrock-api-key-",
        &[Text("YmVkcm9jay5hbWF6b25hd3MuY29t"), Run(Base64, 0, MANY)],
    ),
    // Buildkite
    secret("bkua_", &[Run(Hex, 40, 40)]),
    // Artifactory: reference token
    secret("cmVmd", &[Run(Alnum, 59, 59)]),
    // crates.io
    secret("cio", &[Run(Alnum, 32, 32)]),
    // Databricks
    secret("dapi", &[Run(Hex, 32, 32), Run(Url, 0, 2)]),
    // Docker Hub
    secret("dckr_oat_", &[Run(Url, 27, 40)]),
    secret("dckr_pat_", &[Run(Url, 27, 40)]),
    // Deno Deploy
    secret("ddp_", &[Run(Alnum, 36, 36)]),
    secret("ddw_", &[Run(Alnum, 36, 36)]),
    // Defined Networking
    secret("dnkey-", &[Run(Url, 26, 26), Text("-"), Run(Url, 52, 52)]),
    // DigitalOcean
    secret("doo_v1_", &[Run(Hex, 64, 64)]),
    secret("dop_v1_", &[Run(Hex, 64, 64)]),
    secret("dor_v1_", &[Run(Hex, 64, 64)]),
    // Doppler
    secret("dp.audit.", &[Run(Alnum, 40, 44)]),
    secret("dp.ct.", &[Run(Alnum, 40, 44)]),
    secret("dp.pt.", &[Run(Alnum, 40, 44)]),
    secret("dp.sa.", &[Run(Alnum, 40, 44)]),
    secret("dp.scim.", &[Run(Alnum, 40, 44)]),
    secret("dp.st.", &[Run(Wide, 40, 80)]),
    // Dynatrace
    secret(
        "dt0c01.",
        &[Run(Upper, 24, 24), Text("."), Run(Upper, 64, 64)],
    ),
    secret(
        "dt0s16.",
        &[Run(Upper, 8, 24), Text("."), Run(Upper, 64, 64)],
    ),
    // Duffel
    secret("duffel_live_", &[Run(Wide, 43, 43)]),
    secret("duffel_test_", &[Run(Wide, 43, 43)]),
    // Discord: webhook
    secret(
        "discord.com/api/webhooks/",
        &[Run(Digit, 17, 20), Text("/"), Run(Url, 60, 80)],
    ),
    // Intercom, CipherStash
    secret("eql_q_", &[Run(Url, 40, 80)]),
    // Elastic
    secret("essu_", &[Run(Wide, 40, 200)]),
    // Grafana: older key, JSON in base64
    secret("eyJrIjoi", &[Run(Base64, 60, 500), Run(Wide, 0, 3)]),
    // Figma
    secret("figd_", &[Run(Url, 40, 40)]),
    // Frame.io
    secret("fio-u-", &[Run(Wide, 64, 64)]),
    // Fly.io
    secret("fm1r_", &[Run(Base64, 80, MANY)]),
    secret("fm2_", &[Run(Base64, 80, MANY)]),
    secret("fo1_", &[Run(Url, 43, 43)]),
    // GitHub
    secret("gho_", &[Run(Alnum, 36, 255)]),
    secret("ghp_", &[Run(Alnum, 36, 255)]),
    secret("ghr_", &[Run(Alnum, 36, 255)]),
    secret("ghs_", &[Run(Alnum, 36, 255)]),
    secret("ghu_", &[Run(Alnum, 36, 255)]),
    secret("github_pat_", &[Run(Url, 36, 255)]),
    // GitLab
    secret("glagent-", &[Run(Url, 50, 80)]),
    secret("glcbt-", &[Run(Url, 20, 80)]),
    secret("gldt-", &[Run(Wide, 20, 80)]),
    secret("glffct-", &[Run(Url, 20, 80)]),
    secret("glft-", &[Run(Url, 20, 80)]),
    secret("glimt-", &[Run(Url, 20, 80)]),
    secret("gloas-", &[Run(Url, 64, 80)]),
    secret("glpat-", &[Run(Wide, 20, 320)]),
    secret("glptt-", &[Run(Hex, 40, 40)]),
    secret("glrt-", &[Run(Wide, 20, 80)]),
    secret("glrtr-", &[Run(Wide, 20, 80)]),
    secret("glsoat-", &[Run(Url, 20, 80)]),
    // Grafana
    secret("glc_", &[Run(Base64, 32, 500), Run(Wide, 0, 3)]),
    secret("glsa_", &[Run(Alnum, 32, 32), Text("_"), Run(Hex, 8, 8)]),
    // Groq
    secret("gsk_", &[Run(Alnum, 48, 60)]),
    // Hugging Face
    secret("hf_", &[Run(Alnum, 34, 34)]),
    // Slack: incoming webhooks, workflows
    secret("hooks.slack.com/services/", &[Run(Base64, 40, 60)]),
    secret("hooks.slack.com/triggers/", &[Run(Base64, 40, 80)]),
    secret("hooks.slack.com/workflows/", &[Run(Base64, 40, 80)]),
    // Honeycomb
    secret("hcaik_", &[Run(Alnum, 50, 80)]),
    // HashiCorp Vault: batch, recovery, service
    secret("hvb.", &[Run(Url, 100, 400)]),
    secret("hvr.", &[Run(Url, 90, 300)]),
    secret("hvs.", &[Run(Url, 24, 300)]),
    // Infracost
    secret("ico-", &[Run(Alnum, 32, 32)]),
    // Ionic
    secret("ion_", &[Run(Alnum, 42, 42)]),
    // Mailgun
    secret("key-", &[Run(Hex, 32, 32)]),
    // Linear
    secret("lin_api_", &[Run(Alnum, 40, 40)]),
    secret("lin_oauth_", &[Run(Alnum, 40, 64)]),
    // LangSmith
    secret("lsv2_pt_", &[Run(Hex, 32, 32), Text("_"), Run(Hex, 10, 10)]),
    secret("lsv2_sk_", &[Run(Hex, 32, 32), Text("_"), Run(Hex, 10, 10)]),
    // GoCardless
    secret("live_", &[Run(Url, 40, 40)]),
    // Neon
    secret("napi_", &[Run(Alnum, 60, 70)]),
    // Netlify
    secret("nfp_", &[Run(Alnum, 36, 40)]),
    // npm
    secret("npm_", &[Run(Alnum, 36, 36)]),
    // Notion
    secret("ntn_", &[Run(Alnum, 46, 46)]),
    // NuGet
    secret("oy2", &[Run(Alnum, 43, 43)]),
    // 1Password: service account
    secret("ops_eyJ", &[Run(Base64, 200, MANY), Run(Wide, 0, 3)]),
    // Adobe
    secret("p8e-", &[Run(Hex, 32, 32)]),
    // Airtable
    secret("pat", &[Run(Alnum, 14, 14), Text("."), Run(Hex, 64, 64)]),
    // HubSpot
    secret("pat-eu1-", UUID),
    secret("pat-na1-", UUID),
    // Harness
    secret(
        "pat.",
        &[
            Run(Url, 22, 22),
            Text("."),
            Run(Alnum, 24, 24),
            Text("."),
            Run(Alnum, 20, 20),
        ],
    ),
    // Pinecone
    secret("pcsk_", &[Run(Url, 50, 80)]),
    // Paddle
    secret("pdl_live_apikey_", &[Run(Url, 40, 60)]),
    secret("pdl_sdbx_apikey_", &[Run(Url, 40, 60)]),
    // PostHog
    secret("phx_", &[Run(Alnum, 40, 60)]),
    // Mapbox
    secret("pk.", &[Run(Alnum, 60, 100), Text("."), Run(Url, 22, 22)]),
    // Prefect
    secret("pnu_", &[Run(Alnum, 36, 36)]),
    // Perplexity
    secret("pplx-", &[Run(Alnum, 40, 60)]),
    // PlanetScale
    secret("pscale_oauth_", &[Run(Wide, 32, 64)]),
    secret("pscale_pw_", &[Run(Wide, 32, 64)]),
    secret("pscale_tkn_", &[Run(Wide, 32, 64)]),
    // Mailgun: public validation key
    secret("pubkey-", &[Run(Hex, 32, 32)]),
    // Pulumi
    secret("pul-", &[Run(Hex, 40, 40)]),
    // PyPI, TestPyPI: macaroons
    secret("pypi-AgEIcHlwaS5vcmc", &[Run(Url, 50, 1000)]),
    secret("pypi-AgENdGVzdC5weXBpLm9yZw", &[Run(Url, 50, 1000)]),
    // Replicate
    secret("r8_", &[Run(Alnum, 37, 40)]),
    // ReadMe
    secret("rdme_", &[Run(Alnum, 70, 70)]),
    // Resend
    secret("re_", &[Run(Alnum, 8, 8), Text("_"), Run(Alnum, 24, 30)]),
    // Stripe: restricted
    secret("rk_live_", &[Run(Alnum, 10, 110)]),
    secret("rk_prod_", &[Run(Alnum, 10, 110)]),
    secret("rk_test_", &[Run(Alnum, 10, 110)]),
    // Render
    secret("rnd_", &[Run(Alnum, 28, 36)]),
    // RubyGems
    secret("rubygems_", &[Run(Hex, 48, 48)]),
    // Razorpay
    secret("rzp_live_", &[Run(Alnum, 14, 14)]),
    secret("rzp_test_", &[Run(Alnum, 14, 14)]),
    // 42
    secret("s-s4t2af-", &[Run(Hex, 64, 64)]),
    secret("s-s4t2ud-", &[Run(Hex, 64, 64)]),
    // HashiCorp Vault: service token before 1.10 (mixed case and digits, see the check)
    secret("s.", &[Run(Alnum, 24, 24)]),
    // Harness
    secret(
        "sat.",
        &[
            Run(Url, 22, 22),
            Text("."),
            Run(Alnum, 24, 24),
            Text("."),
            Run(Alnum, 20, 20),
        ],
    ),
    // Supabase
    secret("sb_secret_", &[Run(Url, 28, 60)]),
    secret("sbp_", &[Run(Hex, 40, 40)]),
    // LaunchDarkly
    secret("sdk-", UUID),
    // Notion, older
    secret("secret_", &[Run(Alnum, 43, 43)]),
    // Sourcegraph
    secret("sgp_", &[Run(Hex, 40, 40)]),
    secret("sgp_", &[Run(Alnum, 16, 16), Text("_"), Run(Hex, 40, 40)]),
    secret("sgp_local_", &[Run(Hex, 40, 40)]),
    // Shippo
    secret("shippo_live_", &[Run(Hex, 40, 40)]),
    secret("shippo_test_", &[Run(Hex, 40, 40)]),
    // Shopify
    secret("shpat_", &[Run(Hex, 32, 32)]),
    secret("shpca_", &[Run(Hex, 32, 32)]),
    secret("shppa_", &[Run(Hex, 32, 32)]),
    secret("shpss_", &[Run(Hex, 32, 32)]),
    // OpenAI, then those that follow its form: Anthropic, OpenRouter, Langfuse, DeepSeek and others
    secret("sk-", &[Run(Alnum, 32, 64)]),
    secret("sk-admin-", &[Run(Url, 40, 250)]),
    secret("sk-ant-admin01-", &[Run(Url, 93, 93), Text("AA")]),
    secret("sk-ant-api03-", &[Run(Url, 93, 93), Text("AA")]),
    secret("sk-ant-oat01-", &[Run(Url, 93, 93), Text("AA")]),
    secret("sk-ant-ort01-", &[Run(Url, 93, 93), Text("AA")]),
    secret("sk-lf-", UUID),
    secret("sk-or-v1-", &[Run(Hex, 64, 64)]),
    secret("sk-proj-", &[Run(Url, 40, 250)]),
    secret("sk-svcacct-", &[Run(Url, 40, 250)]),
    // Stripe and those that follow its form
    secret("sk_live_", &[Run(Alnum, 10, 110)]),
    secret("sk_prod_", &[Run(Alnum, 10, 110)]),
    secret("sk_test_", &[Run(Alnum, 10, 110)]),
    // Mapbox: secret
    secret("sk.", &[Run(Alnum, 60, 100), Text("."), Run(Url, 22, 22)]),
    // Dropbox: short-lived
    secret("sl.", &[Run(Wide, 100, MANY)]),
    // SettleMint
    secret("sm_aat_", &[Run(Alnum, 16, 16)]),
    secret("sm_pat_", &[Run(Alnum, 16, 16)]),
    secret("sm_sat_", &[Run(Alnum, 16, 16)]),
    // Sentry
    secret("sntrys_", &[Run(Base64, 60, 500), Run(Wide, 0, 60)]),
    secret("sntryu_", &[Run(Hex, 64, 64)]),
    // Square
    secret("sq0atp-", &[Run(Url, 22, 22)]),
    secret("sq0csp-", &[Run(Url, 43, 43)]),
    // SonarQube
    secret("sqa_", &[Run(Hex, 40, 40)]),
    secret("sqp_", &[Run(Hex, 40, 40)]),
    secret("squ_", &[Run(Hex, 40, 40)]),
    // Yandex Cloud: IAM token
    secret("t1.", &[Run(Wide, 80, 300)]),
    // Typeform
    secret("tfp_", &[Run(Wide, 55, 60)]),
    // Scalingo
    secret("tk-us-", &[Run(Url, 48, 48)]),
    // Tailscale
    secret("tskey-", &[Run(Url, 20, 80)]),
    // Tavily
    secret("tvly-", &[Run(Url, 30, 60)]),
    // Cloudflare: origin CA key
    secret("v1.0-", &[Run(Hex, 24, 24), Text("-"), Run(Hex, 146, 146)]),
    // Stripe: webhook signing
    secret("whsec_", &[Run(Base64, 32, 80)]),
    // xAI
    secret("xai-", &[Run(Alnum, 70, 90)]),
    // Slack: app, then bots, users, refresh and older kinds
    secret("xapp-", &[Run(Url, 30, 200)]),
    secret(
        "xkeysib-",
        &[Run(Hex, 64, 64), Text("-"), Run(Alnum, 16, 16)],
    ),
    secret("xoxa-", &[Run(Url, 20, 250)]),
    secret("xoxb-", &[Run(Url, 20, 250)]),
    secret("xoxc-", &[Run(Url, 20, 250)]),
    secret("xoxd-", &[Run(Url, 20, 250)]),
    secret("xoxe-", &[Run(Url, 20, 250)]),
    secret(
        "xoxe.xox",
        &[Run(Letter, 1, 1), Text("-"), Run(Url, 20, 250)],
    ),
    secret("xoxo-", &[Run(Url, 20, 250)]),
    secret("xoxp-", &[Run(Url, 20, 250)]),
    secret("xoxr-", &[Run(Url, 20, 250)]),
    secret("xoxs-", &[Run(Url, 20, 250)]),
    // Brevo: SMTP
    secret(
        "xsmtpsib-",
        &[Run(Hex, 64, 64), Text("-"), Run(Alnum, 16, 16)],
    ),
    // Google: OAuth access token
    secret("ya29.", &[Run(Wide, 40, MANY)]),
    // Zuplo
    secret("zpka_", &[Run(Hex, 32, 32), Text("_"), Run(Hex, 8, 8)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_grouped_by_first_byte() {
        let firsts: Vec<u8> = RULES.iter().map(|rule| rule.prefix.as_bytes()[0]).collect();
        assert!(
            firsts.is_sorted(),
            "the lookup takes all rules of one first byte for neighbours"
        );
    }

    #[test]
    fn prefixes_are_long_enough_to_be_looked_up_and_ascii() {
        assert!(RULES
            .iter()
            .all(|rule| rule.prefix.len() >= 2 && rule.prefix.is_ascii()));
    }
}
