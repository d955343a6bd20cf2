using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What a policy looks at: a write, where it is, and the object that parameterizes the policy.</summary>
internal sealed record PolicySubject
{
    public required WriteView View { get; init; }

    /// <summary>The namespace; null for what is of the cluster.</summary>
    public required ResourceObject? Namespace { get; init; }

    public required WriteAuthorizer Authorizer { get; init; }

    /// <summary>Whether the policy knows parameters at all.</summary>
    public required bool HasParams { get; init; }

    /// <summary>The parameters; null for none.</summary>
    public ResourceObject? Params { get; init; }

    /// <summary>Lets expressions read it all.</summary>
    public void Show(CelActivation activation)
    {
        ShowSilently(activation);
        View.Show(activation, Authorizer);
    }

    /// <summary>Lets expressions read it that ask nobody.</summary>
    public void ShowSilently(CelActivation activation)
    {
        View.Show(activation);
        if (Namespace is { } space)
        {
            activation.Set(
                AdmissionVariables.Namespace, () => View.Read(space.Json, AdmissionVariables.NamespaceSchema));
        }

        if (!HasParams)
        {
            return;
        }

        if (Params is { } parameters)
        {
            activation.Set(AdmissionVariables.Params, () => View.Read(parameters.Json));
        }
        else
        {
            activation.Set(AdmissionVariables.Params, CelValue.Null);
        }
    }
}
