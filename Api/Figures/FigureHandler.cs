using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Answers a version of a group of figures over HTTP, to whoever may get what is asked for.</summary>
internal sealed class FigureHandler(FigureApi api) : IEndpointHandler
{
    private readonly string _root = $"/apis/{api.Group}/{api.Version}/";

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Group != api.Group || request.Version != api.Version || !request.IsResourceRequest || !api.IsServed)
        {
            return false;
        }

        if (!request.Path.StartsWith(_root, StringComparison.Ordinal))
        {
            await StatusJson.WriteAsync(context, Refusals.UnknownResource);
            return true;
        }

        if (request.Verb is not ("get" or "list"))
        {
            await StatusJson.WriteAsync(context, Refusals.MethodNotAllowed);
            return true;
        }

        var query = new QueryReader(context.Request.Query);
        var answer = await api.AnswerAsync(request.Path[_root.Length..], query.Text, context.RequestAborted);
        if (answer.Succeeded)
        {
            await ResponseBody.SendAsync(context, "application/json", StatusCodes.Status200OK, answer.Value);
        }
        else
        {
            await StatusJson.WriteAsync(context, answer.Error);
        }

        return true;
    }
}
