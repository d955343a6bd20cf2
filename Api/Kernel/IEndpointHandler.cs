using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Answers requests outside of resources: discovery, OpenAPI, health, version, metrics. All registered ones are asked
/// in order of registration until one answers; nobody answering is upstream's plain-text 404.
/// </summary>
public interface IEndpointHandler
{
    /// <summary>False when the path is not its own; then nothing has been written.</summary>
    ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request);
}
