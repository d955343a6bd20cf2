using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>One thing that a policy does to an object.</summary>
/// <param name="IsApplied">The expression gives a part of the object as it is to be; else what is to be done to it.
/// </param>
/// <param name="Expression">The expression.</param>
internal sealed record Mutation(bool IsApplied, AdmissionExpression Expression)
{
    public static Mutation Of(V1Mutation mutation, PolicyCompiler compiler) => mutation.PatchType == "JSONPatch"
        ? new(false, compiler.JsonPatch(mutation.JsonPatch?.Expression ?? ""))
        : new(true, compiler.ApplyConfiguration(mutation.ApplyConfiguration?.Expression ?? ""));
}
