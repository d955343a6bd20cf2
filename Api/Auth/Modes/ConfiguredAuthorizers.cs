using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Auth.Webhooks;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>
/// The authorizers of an AuthorizationConfiguration, in its order. They change as a whole, while requests go on: each
/// is decided by the one or the other.
/// </summary>
public sealed class ConfiguredAuthorizers : IAuthorizer, IRuleSource
{
    private readonly AuthorizationConfiguration _initial;
    private readonly NodeAuthorizer _node;
    private readonly IAuthorizer[] _rbac;
    private readonly AttributeAuthorizer? _abac;
    private readonly RemoteCaller _remote;
    private readonly AuthorizationMetrics _metrics;
    private readonly TimeProvider _time;
    private volatile Snapshot _current;

    public ConfiguredAuthorizers(
        AuthorizationConfiguration configuration, NodeAuthorizer node, BuiltInRoles builtIn, RoleAuthorizer roles,
        RemoteCaller remote, AuthorizationMetrics metrics, TimeProvider time)
    {
        (_initial, _node, _rbac) = (configuration, node, [builtIn, roles]);
        _abac = configuration.Has(AuthorizerTypes.Abac) ? new AttributeAuthorizer(configuration.Policies) : null;
        (_remote, _metrics, _time) = (remote, metrics, time);
        _current = Make(configuration);
    }

    /// <summary>Has these decide from now on.</summary>
    /// <exception cref="ConfigurationException">One cannot be made; the old ones stay.</exception>
    public void Use(AuthorizationConfiguration configuration) => _current = Make(configuration);

    /// <summary>The server that a webhook asks.</summary>
    /// <exception cref="ConfigurationException">Its kubeconfig cannot be used.</exception>
    public static RemoteTarget TargetOf(WebhookSettings webhook) => webhook.ConnectionType == ConnectionTypes.InCluster
        ? RemoteKubeconfig.InCluster()
        : RemoteKubeconfig.Load(webhook.KubeconfigFile!);

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
        _current.Chain.AuthorizeAsync(attributes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken) =>
        AllowedRules.OfAsync(_current.Sources, user, space, cancellationToken);

    private Snapshot Make(AuthorizationConfiguration configuration)
    {
        List<NamedAuthorizer> links =
        [
            .. configuration.Authorizers.SelectMany(a => Make(a).Select(i => new NamedAuthorizer(a, i, _metrics))),
        ];
        return new Snapshot(new AuthorizerChain(links), [.. links.Select(static l => l.Inner).OfType<IRuleSource>()]);
    }

    private IAuthorizer[] Make(AuthorizerSettings settings) => settings.Type switch
    {
        AuthorizerTypes.Node or AuthorizerTypes.Rbac or AuthorizerTypes.Abac when !_initial.Has(settings.Type) =>
            throw new ConfigurationException(
                $"authorizer type {settings.Type} is not allowed if it was not enabled at initial server startup"),
        AuthorizerTypes.Node => [_node],
        AuthorizerTypes.Rbac => _rbac,
        AuthorizerTypes.Abac => [_abac!],
        AuthorizerTypes.AlwaysAllow => [new AlwaysAuthorizer(allows: true)],
        AuthorizerTypes.AlwaysDeny => [new AlwaysAuthorizer(allows: false)],
        _ => [MakeWebhook(settings)],
    };

    private WebhookAuthorizer MakeWebhook(AuthorizerSettings settings)
    {
        var webhook = settings.Webhook!;
        var conditions = MatchConditions.Compile(
            webhook.MatchConditions, FieldPath.Of("matchConditions"), new FieldErrors());
        var asker = new ReviewWebhook(
            TargetOf(webhook), "SubjectAccessReview", $"authorization.k8s.io/{webhook.ReviewVersion}", webhook.Timeout,
            _remote, _time);
        return new WebhookAuthorizer(settings, conditions, asker, _metrics, _time);
    }

    private sealed record Snapshot(AuthorizerChain Chain, IReadOnlyList<IRuleSource> Sources);
}
