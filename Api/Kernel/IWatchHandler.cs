using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Answers <c>watch</c> of a resource (both forms: <c>?watch=1</c> and the old <c>/watch/</c> paths).
/// </summary>
public interface IWatchHandler
{
    Task WatchAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}
