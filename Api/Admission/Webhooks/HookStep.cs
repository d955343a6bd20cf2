namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>One of the two steps in which webhooks are asked.</summary>
/// <param name="Conditions">Upstream's name of it in metrics of conditions.</param>
/// <param name="Questions">The same in metrics of questions, where one of them has another.</param>
/// <param name="IsMutating">Webhooks are asked one after the other, and change the object.</param>
internal sealed record HookStep(string Conditions, string Questions, bool IsMutating)
{
    public static readonly HookStep Mutating = new(AdmissionMetrics.Admit, AdmissionMetrics.Admit, IsMutating: true);
    public static readonly HookStep Validating = new(AdmissionMetrics.Validate, "validating", IsMutating: false);
}
