using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>How asking a webhook ended.</summary>
internal enum HookResultKind
{
    /// <summary>It has no objection.</summary>
    Answered,

    /// <summary>It could not be asked, or its answer makes no sense: its failure policy says what that means.</summary>
    NotAsked,

    /// <summary>It denies the request.</summary>
    Denied,

    /// <summary>It cannot be heeded; no failure policy covers that.</summary>
    Broken,
}

/// <summary>What came of asking a webhook.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Code">The code that is counted.</param>
/// <param name="Refusal">What the client gets; null when it has no objection.</param>
/// <param name="Answer">The answer; null when there is none.</param>
internal readonly record struct HookResult(HookResultKind Kind, int Code, Status? Refusal, AdmissionAnswer? Answer)
{
    private const int Good = 200;

    public static HookResult Answered(AdmissionAnswer answer) => new(HookResultKind.Answered, Good, null, answer);

    public static HookResult Denied(AdmissionHook hook, AdmissionAnswer answer)
    {
        var denial = answer.Denial(hook.Name);
        return new HookResult(HookResultKind.Denied, denial.Code, denial, answer);
    }

    /// <summary>The failure's message says why.</summary>
    public static HookResult NotAsked(AdmissionHook hook, Status failure) => new(
        HookResultKind.NotAsked, failure.Code,
        StatusErrors.InternalError($"failed calling webhook {GoText.Quote(hook.Name)}: {failure.Message}"), null);

    public static HookResult Broken(Status refusal) => new(HookResultKind.Broken, 0, refusal, null);
}
