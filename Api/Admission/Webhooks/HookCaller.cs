using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Asks one webhook about one write.</summary>
internal sealed class HookCaller(RemoteCaller remote, HookUsers users, OwnServer? own = null)
{
    /// <summary>An object may have 3 MB; a patch that replaces it takes a third more in base64.</summary>
    private const int MaxAnswerBytes = 8 * 1024 * 1024;

    /// <summary>Asks; the objects are as the webhook is to see them.</summary>
    public async ValueTask<HookResult> AskAsync(
        HookInvocation invocation, AdmissionAttributes attributes, byte[]? item, byte[]? old, bool isMutating,
        CancellationToken cancellationToken)
    {
        var hook = invocation.Hook;
        if (attributes.DryRun && hook.HasSideEffects)
        {
            return HookResult.Broken(StatusErrors.BadRequest(
                $"admission webhook {GoText.Quote(hook.Name)} does not support dry run"));
        }

        if (hook.ReviewVersion is not { } version)
        {
            return HookResult.NotAsked(hook, StatusErrors.BadRequest(
                "could not create admission objects: webhook does not accept known AdmissionReview versions "
                + "(v1, v1beta1)"));
        }

        if (hook.Target is not { } target)
        {
            return HookResult.NotAsked(hook, NoClient("webhook configuration must have either service or URL"));
        }

        if (hook.TrustComplaint is { } complaint)
        {
            return HookResult.NotAsked(hook, NoClient(complaint));
        }

        var uid = Chance.NewId().ToString("D");
        var question = new AdmissionQuestion
        {
            Uid = uid, Attributes = attributes, Invocation = invocation, Object = item, OldObject = old,
        };
        var asked = (isMutating ? users.Mutating : users.Validating).Ask(target);
        var reply = await remote.AskAsync(
            asked, question.Encode(), TimeoutOf(hook, attributes), MaxAnswerBytes, cancellationToken,
            attributes.Audit, own is null ? null : own.AskAsync);
        if (!reply.Succeeded)
        {
            return HookResult.NotAsked(
                hook, reply.Error with { Message = $"failed to call webhook: {reply.Error.Message}" });
        }

        var answer = AdmissionAnswer.Read(reply.Value.Span, uid, version, isMutating);
        return !answer.Succeeded ? HookResult.NotAsked(hook, answer.Error)
            : answer.Value.IsAllowed ? HookResult.Answered(answer.Value)
            : HookResult.Denied(hook, answer.Value);
    }

    /// <summary>How long it may take, in whole seconds: no longer than the write.</summary>
    private static TimeSpan TimeoutOf(AdmissionHook hook, AdmissionAttributes attributes) =>
        attributes.Deadline?.Left is { } left && left < hook.Timeout
            ? TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(left.TotalSeconds)))
            : hook.Timeout;

    private static Status NoClient(string why) =>
        StatusErrors.Unknown($"could not get REST client: {why}");
}
