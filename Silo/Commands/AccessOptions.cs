using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that say who decides what is allowed, under upstream's names.</summary>
internal sealed class AccessOptions
{
    private readonly FileOption _file = CommonOptions.MaybeFile(
        "--authorization-config",
        "An AuthorizationConfiguration: who decides, in order. It is read again when it changes.");
    private readonly Option<string?> _modes = CommonOptions.MaybeText(
        "--authorization-mode",
        "Who decides, in order, with commas: Node, RBAC, ABAC, Webhook, AlwaysAllow, AlwaysDeny. Default: Node,RBAC.");
    private readonly FileOption _policies = CommonOptions.MaybeFile(
        "--authorization-policy-file", "Of the mode ABAC: its policies, one a line, in JSON.");
    private readonly FileOption _webhook = CommonOptions.MaybeFile(
        "--authorization-webhook-config-file",
        "Of the mode Webhook: a kubeconfig that says which server is asked (by SubjectAccessReviews).");
    private readonly Option<string?> _version = CommonOptions.MaybeText(
        "--authorization-webhook-version", "The version of these reviews: v1 or v1beta1. Default: v1beta1.");
    private readonly Option<string?> _authorized = CommonOptions.MaybeText(
        "--authorization-webhook-cache-authorized-ttl", "How long what it allows stays allowed. Default: 5m0s.");
    private readonly Option<string?> _unauthorized = CommonOptions.MaybeText(
        "--authorization-webhook-cache-unauthorized-ttl", "How long what it does not allow stays so. Default: 30s.");

    public IEnumerable<Option> All => [_file, _modes, _policies, _webhook, _version, _authorized, _unauthorized];

    public AccessSettings Read(ParseResult parsed) => new()
    {
        ConfigurationFile = parsed.GetValue(_file),
        Modes = parsed.GetValue(_modes),
        PolicyFile = parsed.GetValue(_policies),
        WebhookFile = parsed.GetValue(_webhook),
        WebhookVersion = parsed.GetValue(_version),
        AuthorizedTtl = CommonOptions.MaybeTimeOf(parsed, _authorized),
        UnauthorizedTtl = CommonOptions.MaybeTimeOf(parsed, _unauthorized),
    };
}
