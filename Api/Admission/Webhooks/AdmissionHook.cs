using k8s.Models;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.AdmissionRegistration.Webhooks;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>One webhook of a configuration, ready to be asked.</summary>
internal sealed record AdmissionHook
{
    private static readonly string[] SupportedReviews = ["v1", "v1beta1"];

    public required string Name { get; init; }

    /// <summary>The name of the object that it stands in.</summary>
    public required string Configuration { get; init; }

    /// <summary>Tells webhooks of one name apart; the same in all revisions of a configuration.</summary>
    public required string Uid { get; init; }

    public required MatchCriteria Match { get; init; }

    /// <summary>A webhook that cannot be asked has no objection.</summary>
    public bool IgnoresFailures { get; init; }

    /// <summary>It must not be asked about what is not stored in the end.</summary>
    public bool HasSideEffects { get; init; }

    /// <summary>It wants to be asked again when the object changes after it.</summary>
    public bool IsReinvoked { get; init; }

    /// <summary>It is asked when these hold.</summary>
    public required MatchConditions Conditions { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>Whom to ask; null when the configuration does not say.</summary>
    public required RemoteTarget? Target { get; init; }

    /// <summary>Why nobody could be trusted to be the target; null when that may be.</summary>
    public string? TrustComplaint { get; init; }

    /// <summary>The version of AdmissionReview that it is asked in; null when it takes none that is known.</summary>
    public required string? ReviewVersion { get; init; }

    public static IEnumerable<AdmissionHook> OfMutating(ResourceObject item) =>
        Of(item.Key.Name, item.As<V1MutatingWebhookConfiguration>().Webhooks?.Select(Webhook.Of));

    public static IEnumerable<AdmissionHook> OfValidating(ResourceObject item) =>
        Of(item.Key.Name, item.As<V1ValidatingWebhookConfiguration>().Webhooks?.Select(Webhook.Of));

    private static IEnumerable<AdmissionHook> Of(string configuration, IEnumerable<Webhook>? hooks)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var hook in hooks ?? [])
        {
            var count = counts[hook.Name] = counts.GetValueOrDefault(hook.Name) + 1;
            yield return new AdmissionHook
            {
                Name = hook.Name,
                Configuration = configuration,
                Uid = FormattableString.Invariant($"{configuration}/{hook.Name}/{count - 1}"),
                Match = new MatchCriteria
                {
                    Rules = [.. hook.Rules.Select(OperationRule.Of)],
                    Namespaces = LabelSelector.Of(hook.Namespaces),
                    Objects = LabelSelector.Of(hook.Objects),
                    IsEquivalent = hook.MatchPolicy == "Equivalent",
                },
                IgnoresFailures = hook.FailurePolicy == "Ignore",
                HasSideEffects = hook.SideEffects is not ("None" or "NoneOnDryRun"),
                IsReinvoked = hook.ReinvocationPolicy == "IfNeeded",
                Conditions = MatchConditions.Of(hook.Conditions, PolicyCompiler.OfConditions),
                Timeout = TimeSpan.FromSeconds(hook.TimeoutSeconds ?? WebhookListRules.DefaultTimeoutSeconds),
                Target = RemoteTarget.Of(hook.Client),
                TrustComplaint = CaBundleRules.Complaint(hook.Client.CaBundle ?? []),
                ReviewVersion = hook.Versions.FirstOrDefault(SupportedReviews.Contains),
            };
        }
    }
}
