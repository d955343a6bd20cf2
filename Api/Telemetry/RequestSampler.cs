using System.Diagnostics;
using OpenTelemetry.Trace;

namespace OrleansOrchestrator.Api.Telemetry;

/// <summary>
/// Traces begin with requests: what a silo does by itself (renewing leases, reading tables) is no trace of its own.
/// </summary>
internal sealed class RequestSampler(Sampler requests) : Sampler
{
    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Server
            ? requests.ShouldSample(samplingParameters)
            : new SamplingResult(SamplingDecision.Drop);
}
