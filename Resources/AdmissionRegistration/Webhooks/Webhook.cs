using k8s.Models;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;

/// <summary>What the two kinds of webhooks have in common.</summary>
public sealed record Webhook
{
    public required string Name { get; init; }

    public required Admissionregistrationv1WebhookClientConfig Client { get; init; }

    public IList<V1RuleWithOperations> Rules { get; init; } = [];

    public IList<string> Versions { get; init; } = [];

    public IList<V1MatchCondition>? Conditions { get; init; }

    public V1LabelSelector? Namespaces { get; init; }

    public V1LabelSelector? Objects { get; init; }

    public string? FailurePolicy { get; init; }

    public string? MatchPolicy { get; init; }

    public string? SideEffects { get; init; }

    public int? TimeoutSeconds { get; init; }

    /// <summary>Null for webhooks that are called once anyway.</summary>
    public string? ReinvocationPolicy { get; init; }

    public static Webhook Of(V1ValidatingWebhook hook) => new()
    {
        Name = hook.Name ?? "", Client = hook.ClientConfig, Rules = hook.Rules ?? [],
        Versions = hook.AdmissionReviewVersions ?? [], Conditions = hook.MatchConditions,
        Namespaces = hook.NamespaceSelector, Objects = hook.ObjectSelector, FailurePolicy = hook.FailurePolicy,
        MatchPolicy = hook.MatchPolicy, SideEffects = hook.SideEffects, TimeoutSeconds = hook.TimeoutSeconds,
    };

    public static Webhook Of(V1MutatingWebhook hook) => new()
    {
        Name = hook.Name ?? "", Client = hook.ClientConfig, Rules = hook.Rules ?? [],
        Versions = hook.AdmissionReviewVersions ?? [], Conditions = hook.MatchConditions,
        Namespaces = hook.NamespaceSelector, Objects = hook.ObjectSelector, FailurePolicy = hook.FailurePolicy,
        MatchPolicy = hook.MatchPolicy, SideEffects = hook.SideEffects, TimeoutSeconds = hook.TimeoutSeconds,
        ReinvocationPolicy = hook.ReinvocationPolicy,
    };
}
