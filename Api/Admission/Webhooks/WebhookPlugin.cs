using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// What the two plugins of webhooks have in common: which of them are to be asked about a write, and what an answer
/// means.
/// </summary>
internal sealed partial class WebhookPlugin(
    CompiledSource<AdmissionHook> source, WriteMatcher matcher, AuthorizerChain authorizers, HookMetrics metrics,
    ConditionMetrics conditions, TimeProvider time, ILogger<WebhookPlugin> logger)
{
    /// <summary>False for writes that nobody is asked about, and where there are no webhooks.</summary>
    public bool Handles(AdmissionAttributes attributes) =>
        source.MayHaveAny && !AdmissionExemptions.FromWebhooks(attributes.Definition.Name);

    /// <summary>All webhooks; a write does not pass a silo that has not read them.</summary>
    public ValueTask<AdmissionHook[]> ReadAsync(CancellationToken cancellationToken) =>
        source.ReadAsync(cancellationToken);

    /// <summary>Whether, and in which version, a webhook is to be asked; null for not at all.</summary>
    /// <param name="hook">The webhook.</param>
    /// <param name="step">In which it would be asked.</param>
    /// <param name="views">The write.</param>
    /// <param name="cancellationToken">Ends what is waited for.</param>
    public async ValueTask<Outcome<HookInvocation?>> FindAsync(
        AdmissionHook hook, HookStep step, WriteViews views, CancellationToken cancellationToken)
    {
        var attributes = views.Attributes;
        var matched = await matcher.MatchAsync(hook.Match, attributes, cancellationToken);
        if (!matched.Succeeded)
        {
            return matched.Error;
        }

        if (matched.Value is not { } version)
        {
            return (HookInvocation?)null;
        }

        var invocation = new HookInvocation(hook, version);
        if (hook.Conditions.IsEmpty)
        {
            return invocation;
        }

        var view = await views.GetAsync(version, cancellationToken);
        var result = await views.Authorizer.EvaluateAsync(() => Holds(hook, view, views.Authorizer));
        var owner = new ConditionsOwner(hook.Name, "webhook", step.Conditions);
        conditions.Evaluated(owner, attributes.Operation, result);
        if (result.Error is { } error && !hook.IgnoresFailures)
        {
            return StatusErrors.Forbidden(attributes.Definition.Name, attributes.Key.Name, error);
        }

        if (result.Matches)
        {
            return invocation;
        }

        conditions.Excluded(owner, attributes.Operation);
        return (HookInvocation?)null;
    }

    /// <summary>What expressions about a write look at.</summary>
    public WriteViews View(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        new(attributes, new WriteAuthorizer(authorizers, attributes.User, cancellationToken));

    /// <summary>Counts what became of a question; who ignores failures has no objection then.</summary>
    /// <param name="invocation">Who was asked.</param>
    /// <param name="attributes">About which write.</param>
    /// <param name="step">In which it was.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="start">Time stamp of the question.</param>
    public HookResult Settle(
        HookInvocation invocation, AdmissionAttributes attributes, HookStep step, HookResult result, long start)
    {
        var hook = invocation.Hook;
        var elapsed = time.GetElapsedTime(start);
        metrics.Asked(hook, step, attributes.Operation.Word(), result, elapsed);
        if (step.IsMutating)
        {
            attributes.Waits?.Mutated(elapsed);
        }
        else
        {
            attributes.Waits?.Validated(elapsed);
        }

        Note(hook, attributes, result.Answer?.AuditAnnotations);
        if (result.Kind != HookResultKind.NotAsked || !hook.IgnoresFailures)
        {
            return result;
        }

        LogFailedOpen(hook.Name, result.Refusal!.Message);
        metrics.FailedOpen(hook, step);
        return result with { Refusal = null };
    }

    /// <summary>What a webhook wants the audit log to say; keys that are none are left out.</summary>
    private void Note(
        AdmissionHook hook, AdmissionAttributes attributes, IEnumerable<KeyValuePair<string, string>>? annotations)
    {
        if (attributes.Audit is not { } audit)
        {
            return;
        }

        foreach (var (name, value) in annotations ?? [])
        {
            var key = $"{hook.Name}/{name}";
            if (NameRules.IsQualifiedName(key))
            {
                audit.Annotate(key, value);
            }
            else
            {
                LogWrongKey(key, hook.Name);
            }
        }
    }

    private ConditionsResult Holds(AdmissionHook hook, WriteView view, WriteAuthorizer authorizer)
    {
        var activation = AdmissionVariables.Plain.Activate();
        view.Show(activation);
        view.Show(activation, authorizer);
        return hook.Conditions.Match(activation, time);
    }

    [LoggerMessage(1, LogLevel.Warning, "Failed calling webhook, failing open {Name}: {Why}")]
    private partial void LogFailedOpen(string name, string why);

    [LoggerMessage(2, LogLevel.Warning, "Admission audit annotation {Key} of webhook {Name} has no valid key")]
    private partial void LogWrongKey(string key, string name);
}
