using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// What the two plugins of webhooks have in common: which of them are to be asked about a write, and what an answer
/// means.
/// </summary>
internal sealed partial class WebhookPlugin(
    HookSource source, HookSelectors selectors, HookMetrics metrics, TimeProvider time, ILogger<WebhookPlugin> logger)
{
    private const string OwnGroup = "admissionregistration.k8s.io";

    /// <summary>False for writes that nobody is asked about, and where there are no webhooks.</summary>
    public bool Handles(AdmissionAttributes attributes) => source.MayHaveAny && !IsExempt(attributes.Definition);

    /// <summary>All webhooks; a write does not pass a silo that has not read them.</summary>
    public async ValueTask<Outcome<AdmissionHook[]>> ReadAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        await source.ReadAsync(cancellationToken) is { } hooks
            ? hooks
            : AdmissionRefusals.Forbidden(attributes, "not yet ready to handle request");

    /// <summary>Whether, and in which version, a webhook is to be asked; null for not at all.</summary>
    public async ValueTask<Outcome<HookInvocation?>> FindAsync(
        AdmissionHook hook, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (HookInvocation.Find(hook, attributes) is not { } invocation)
        {
            return (HookInvocation?)null;
        }

        var selected = await selectors.SelectAsync(hook, attributes, cancellationToken);
        if (!selected.Succeeded)
        {
            return selected.Error;
        }

        if (!selected.Value)
        {
            return (HookInvocation?)null;
        }

        if (!hook.HasConditions)
        {
            return invocation;
        }

        // Conditions fail like those whose evaluation fails.
        return hook.IgnoresFailures
            ? (HookInvocation?)null
            : AdmissionRefusals.Forbidden(
                attributes, $"matchConditions of webhook {GoText.Quote(hook.Name)} are not evaluated by this server");
    }

    /// <summary>Counts what became of a question; who ignores failures has no objection then.</summary>
    /// <param name="invocation">Who was asked.</param>
    /// <param name="attributes">About which write.</param>
    /// <param name="type">Upstream's name of the step in metrics.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="start">Time stamp of the question.</param>
    public HookResult Settle(
        HookInvocation invocation, AdmissionAttributes attributes, string type, HookResult result, long start)
    {
        var hook = invocation.Hook;
        metrics.Asked(hook, type, HookInvocation.Word(attributes.Operation), result, time.GetElapsedTime(start));
        foreach (var (key, value) in result.Answer?.AuditAnnotations ?? [])
        {
            attributes.Annotate($"{hook.Name}/{key}", value);
        }

        if (result.Kind != HookResultKind.NotAsked || !hook.IgnoresFailures)
        {
            return result;
        }

        LogFailedOpen(hook.Name, result.Refusal!.Message);
        metrics.FailedOpen(hook, type);
        return result with { Refusal = null };
    }

    /// <summary>Configurations of admission must not be able to lock themselves in.</summary>
    private static bool IsExempt(ResourceDefinition definition) =>
        definition.Name.Group == OwnGroup && definition.Kind is
            "ValidatingWebhookConfiguration" or "MutatingWebhookConfiguration"
            or "ValidatingAdmissionPolicy" or "ValidatingAdmissionPolicyBinding"
            or "MutatingAdmissionPolicy" or "MutatingAdmissionPolicyBinding";

    [LoggerMessage(1, LogLevel.Warning, "Failed calling webhook, failing open {Name}: {Why}")]
    private partial void LogFailedOpen(string name, string why);
}
