using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Asks the webhooks of ValidatingWebhookConfigurations, all at once; the first refusal counts.</summary>
internal sealed class ValidatingWebhookPlugin(WebhookPlugin hooks, HookCaller caller, TimeProvider time)
    : IAdmissionPlugin
{
    public string Name => "ValidatingAdmissionWebhook";

    public bool Handles(AdmissionAttributes attributes) => hooks.Handles(attributes);

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var all = await hooks.ReadAsync(cancellationToken);
        List<HookInvocation>? relevant = null;
        using var views = hooks.View(attributes, cancellationToken);
        foreach (var hook in all)
        {
            var found = await hooks.FindAsync(hook, HookStep.Validating, views, cancellationToken);
            if (!found.Succeeded)
            {
                return found.Error;
            }

            if (found.Value is { } invocation)
            {
                relevant ??= [];
                relevant.Add(invocation with { Index = relevant.Count });
            }
        }

        return relevant is null ? null : await AskAllAsync(relevant, attributes, cancellationToken);
    }

    private async ValueTask<Status?> AskAllAsync(
        List<HookInvocation> relevant, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var versions = new Dictionary<ResourceDefinition, (byte[]? Object, byte[]? Old)>();
        foreach (var version in relevant.Select(i => i.Version).Distinct())
        {
            versions[version] = (
                await ObjectVersions.EncodeAsync(attributes.Object, attributes, version, cancellationToken),
                await ObjectVersions.EncodeAsync(attributes.OldObject, attributes, version, cancellationToken));
        }

        var asked = relevant.ConvertAll(
            i => AskAsync(i, attributes, versions[i.Version].Object, versions[i.Version].Old, cancellationToken));
        Status? refusal = null;
        await foreach (var answered in Task.WhenEach(asked))
        {
            refusal ??= (await answered).Refusal;
        }

        // In the order of the webhooks, however they came in.
        foreach (var result in await Task.WhenAll(asked))
        {
            foreach (var warning in result.Answer?.Warnings ?? [])
            {
                attributes.Warnings.Add(warning);
            }
        }

        return refusal;
    }

    private async Task<HookResult> AskAsync(
        HookInvocation invocation, AdmissionAttributes attributes, byte[]? shown, byte[]? old,
        CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var result = await caller.AskAsync(invocation, attributes, shown, old, isMutating: false, cancellationToken);
        var settled = hooks.Settle(invocation, attributes, HookStep.Validating, result, start);
        if (settled is { Kind: HookResultKind.NotAsked, Refusal: null })
        {
            HookAnnotations.ValidatingFailedOpen(attributes, invocation);
        }

        return settled;
    }
}
