using System.CommandLine;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that say who may sign in, under upstream's names.</summary>
internal sealed class SignInOptions
{
    private readonly FileOption _file = CommonOptions.MaybeFile(
        "--authentication-config",
        "An AuthenticationConfiguration: issuers of tokens, and whether requests of nobody are let in. It is read "
            + "again when it changes.");
    private readonly Option<bool?> _anonymous = new("--anonymous-auth")
    {
        Description =
            "Let requests of nobody in, as system:anonymous, which reach health and version only. Default: true.",
    };
    private readonly Option<string?> _issuer = CommonOptions.MaybeText(
        "--oidc-issuer-url", "The URL of an OpenID issuer (https) whose tokens are taken.");
    private readonly Option<string?> _client = CommonOptions.MaybeText(
        "--oidc-client-id", "The audience that its tokens must have.");
    private readonly Option<string?> _usernameClaim = CommonOptions.MaybeText(
        "--oidc-username-claim", "The claim that is the user's name. Default: sub.");
    private readonly Option<string?> _usernamePrefix = CommonOptions.MaybeText(
        "--oidc-username-prefix",
        "What users' names begin with. Default: the issuer's URL and #, but nothing for the claim email; - for "
            + "nothing.");
    private readonly Option<string?> _groupsClaim = CommonOptions.MaybeText(
        "--oidc-groups-claim", "The claim that has the user's groups: one or several.");
    private readonly Option<string?> _groupsPrefix = CommonOptions.MaybeText(
        "--oidc-groups-prefix", "What groups' names begin with.");
    private readonly FileOption _authority = CommonOptions.MaybeFile(
        "--oidc-ca-file", "The authorities that sign for the issuer's server. Default: those of this machine.");
    private readonly Option<string[]> _claims = new("--oidc-required-claim")
    {
        Description = "A claim that tokens must have, CLAIM=VALUE; may be given several times.",
        DefaultValueFactory = static _ => [],
    };
    private readonly Option<string?> _algorithms = CommonOptions.MaybeText(
        "--oidc-signing-algs",
        "How tokens may be signed, with commas: RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512. "
            + "Default: RS256.");

    private readonly Option<string> _dashboardScopes = CommonOptions.Text(
        "--dashboard-oidc-scopes",
        "What the dashboard asks an issuer for when people sign in there, with blanks; openid is always among it.",
        SignInSettings.DefaultDashboardScopes);

    private readonly FileOption _webhook = CommonOptions.MaybeFile(
        "--authentication-token-webhook-config-file",
        "A kubeconfig that says which server is asked (by TokenReviews) who bears a token that nobody else knows.");
    private readonly Option<string> _webhookVersion = CommonOptions.Text(
        "--authentication-token-webhook-version", "The version of these TokenReviews: v1 or v1beta1.", "v1beta1");
    private readonly Option<string> _webhookTtl = CommonOptions.Text(
        "--authentication-token-webhook-cache-ttl", "How long its answers are taken for true.", "2m0s");

    public IEnumerable<Option> All =>
    [
        _file, _anonymous, _issuer, _client, _usernameClaim, _usernamePrefix, _groupsClaim, _groupsPrefix,
        _authority, _claims, _algorithms, _dashboardScopes, _webhook, _webhookVersion, _webhookTtl,
    ];

    public SignInSettings Read(ParseResult parsed) => new()
    {
        ConfigurationFile = parsed.GetValue(_file),
        Anonymous = parsed.GetValue(_anonymous),
        Oidc = new OidcSettings
        {
            IssuerUrl = parsed.GetValue(_issuer),
            ClientId = parsed.GetValue(_client),
            UsernameClaim = parsed.GetValue(_usernameClaim),
            UsernamePrefix = parsed.GetValue(_usernamePrefix),
            GroupsClaim = parsed.GetValue(_groupsClaim),
            GroupsPrefix = parsed.GetValue(_groupsPrefix),
            AuthorityFile = parsed.GetValue(_authority),
            RequiredClaims = parsed.GetRequiredValue(_claims),
            Algorithms = parsed.GetValue(_algorithms),
        },
        DashboardScopes = ScopesOf(parsed.GetRequiredValue(_dashboardScopes)),
        TokenWebhook = parsed.GetValue(_webhook) is { } file
            ? new TokenWebhookSettings(
                file, parsed.GetRequiredValue(_webhookVersion), CommonOptions.TimeOf(parsed, _webhookTtl))
            : null,
    };

    private static string ScopesOf(string given) => string.Join(
        ' ',
        given.Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend("openid").Distinct(StringComparer.Ordinal));
}
