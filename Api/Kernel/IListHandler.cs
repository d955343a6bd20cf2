using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Answers <c>list</c> of a resource; the request is authorized, the resource exists and serves the verb.
/// </summary>
public interface IListHandler
{
    Task ListAsync(HttpContext context, RequestInfo request, ResourceDefinition definition);
}
