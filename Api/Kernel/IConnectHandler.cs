using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Answers streaming and proxying subresources (<c>log</c>, <c>exec</c>, <c>attach</c>, <c>portforward</c>,
/// <c>proxy</c>) of an authorized request.
/// </summary>
public interface IConnectHandler
{
    /// <summary>False when this subresource is not its own; then nothing has been written.</summary>
    ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}
