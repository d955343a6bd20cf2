using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>
/// Asks the webhooks of MutatingWebhookConfigurations, one after the other: each sees what those before it have made of
/// the object.
/// </summary>
internal sealed class MutatingWebhookPlugin(WebhookPlugin hooks, HookCaller caller, TimeProvider time)
    : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionWebhook";

    public bool Handles(AdmissionAttributes attributes) => hooks.Handles(attributes);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var all = await hooks.ReadAsync(cancellationToken);
        var round = attributes.Reinvocation;
        var memory = round.Of(Name);
        if (round.IsReinvoke && attributes.Object is { } item && memory.IsChangedSince(ResourceCodec.Encode(item)))
        {
            memory.Changed();
        }

        using var views = hooks.View(attributes, cancellationToken);
        for (var i = 0; i < all.Length; i++)
        {
            var hook = all[i];

            // Those before it may have changed the object.
            views.Renew();
            var found = await hooks.FindAsync(hook, HookStep.Mutating, views, cancellationToken);
            if (!found.Succeeded)
            {
                return found.Error;
            }

            if (found.Value is { } invocation
                && (!round.IsReinvoke || memory.IsAskedAgain(hook.Uid))
                && await AskAsync(invocation with { Index = i }, attributes, memory, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        if (round.IsWanted && attributes.Object is { } left)
        {
            memory.Leaves(ResourceCodec.Encode(left));
        }

        return null;
    }

    private async ValueTask<Status?> AskAsync(
        HookInvocation invocation, AdmissionAttributes attributes, PluginReinvocation memory,
        CancellationToken cancellationToken)
    {
        var (hook, version, _) = invocation;
        var shown = await ObjectVersions.EncodeAsync(attributes.Object, attributes, version, cancellationToken);
        var old = await ObjectVersions.EncodeAsync(attributes.OldObject, attributes, version, cancellationToken);
        var start = time.GetTimestamp();
        var result = await caller.AskAsync(invocation, attributes, shown, old, isMutating: true, cancellationToken);
        foreach (var warning in result.Answer?.Warnings ?? [])
        {
            attributes.Warnings.Add(warning);
        }

        var hasChanged = false;
        if (result.Kind == HookResultKind.Answered && result.Answer!.Patch.Length > 0)
        {
            (result, hasChanged) = await PatchAsync(invocation, attributes, shown, result, cancellationToken);
        }

        HookAnnotations.Mutated(attributes, invocation, hasChanged);
        if (hasChanged)
        {
            memory.Changed();
            attributes.Reinvocation.Want();
        }

        if (hook.IsReinvoked)
        {
            memory.Asked(hook.Uid);
        }

        var settled = hooks.Settle(invocation, attributes, HookStep.Mutating, result, start);
        if (settled is { Kind: HookResultKind.NotAsked, Refusal: null })
        {
            HookAnnotations.MutatingFailedOpen(attributes, invocation);
        }

        return settled.Refusal;
    }

    private static async ValueTask<(HookResult Result, bool HasChanged)> PatchAsync(
        HookInvocation invocation, AdmissionAttributes attributes, byte[]? shown, HookResult result,
        CancellationToken cancellationToken)
    {
        var answer = result.Answer!;
        if (answer.PatchType != "JSONPatch")
        {
            var unsupported =
                StatusErrors.ServiceUnavailable($"unsupported patch type {GoText.Quote(answer.PatchType)}");
            return (HookResult.NotAsked(invocation.Hook, unsupported), false);
        }

        var changed = await HookMutation.ApplyAsync(invocation, attributes, shown, answer, cancellationToken);
        if (!changed.Succeeded)
        {
            return HookMutation.IsUndecodable(changed.Error)
                ? (HookResult.NotAsked(invocation.Hook, changed.Error), false)
                : (HookResult.Broken(changed.Error), false);
        }

        return (result, changed.Value);
    }
}
