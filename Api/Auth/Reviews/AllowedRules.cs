using k8s.Models;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>What an authorizer allows somebody.</summary>
/// <param name="Resources">On resources.</param>
/// <param name="Paths">On paths that are no resource's.</param>
/// <param name="Complaint">Why this is not all; empty when it is.</param>
public sealed record AllowedRules(
    IReadOnlyList<V1ResourceRule> Resources, IReadOnlyList<V1NonResourceRule> Paths, string Complaint = "");
