namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>Hears what is wrong with policies and bindings.</summary>
internal interface IPolicyFailures
{
    /// <summary>A policy cannot be asked; a binding that is named is why.</summary>
    void Misconfigured(PolicyHead policy, PolicyBinding? binding, string why);
}
