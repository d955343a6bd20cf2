using System.Diagnostics.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>How writes are held against the Pod Security Standards, under upstream's names.</summary>
public sealed class PodSecurityMetrics
{
    private readonly Counter<long> _evaluations;
    private readonly Counter<long> _exemptions;
    private readonly Counter<long> _errors;

    /// <param name="meters">This host's.</param>
    public PodSecurityMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.PodSecurity");
        _evaluations = meter.CreateCounter<long>(
            "pod_security_evaluations_total",
            description: "Number of policy evaluations that occurred, not counting ignored or exempt requests.");
        _exemptions = meter.CreateCounter<long>(
            "pod_security_exemptions_total",
            description: "Number of exempt requests, not counting ignored or out of scope requests.");
        _errors = meter.CreateCounter<long>(
            "pod_security_errors_total",
            description: "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest "
                + "restricted profile being used for evaluation.");
    }

    /// <summary>A pod, or a template of pods, was held against a policy.</summary>
    /// <param name="attributes">The write.</param>
    /// <param name="mode">What is done with what is found: enforce, audit or warn.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="isAllowed">Nothing was found.</param>
    internal void Evaluated(AdmissionAttributes attributes, string mode, LevelVersion policy, bool isAllowed) =>
        _evaluations.Add(
            1,
            [
                Tag("decision", isAllowed ? "allow" : "deny"), Tag("policy_level", policy.LevelName),
                Tag("policy_version", VersionOf(policy)), Tag("mode", mode), .. Of(attributes),
            ]);

    /// <summary>A write was exempt.</summary>
    internal void Exempted(AdmissionAttributes attributes) => _exemptions.Add(1, Of(attributes));

    /// <summary>A policy could not be read as it should have been.</summary>
    /// <param name="attributes">The write.</param>
    /// <param name="isFatal">There was none at all.</param>
    internal void Failed(AdmissionAttributes attributes, bool isFatal) =>
        _errors.Add(1, [Tag("fatal", isFatal ? "true" : "false"), .. Of(attributes)]);

    /// <summary>Versions that are yet to come are one, so that labels of namespaces make no series.</summary>
    private static string VersionOf(LevelVersion policy) =>
        policy.Level == PodSecurityLevel.Privileged ? PodSecurityVersion.Latest.ToString()
        : policy.Version.Minor > PodSecurityVersion.Newest ? "future"
        : policy.Version.ToString();

    private static KeyValuePair<string, object?>[] Of(AdmissionAttributes attributes)
    {
        var resource = attributes.Definition.Name;
        return
        [
            Tag("request_operation", attributes.Operation.Word().ToLowerInvariant()),
            Tag("resource", resource == WellKnown.Pods ? "pod"
                : resource == WellKnown.Namespaces ? "namespace" : "controller"),
            Tag("subresource", attributes.Subresource),
        ];
    }
}
