using System.ComponentModel;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// <c>PUT</c> and <c>DELETE /localVolumes/NAME</c>: the cluster has this node make and remove directories of volumes.
/// </summary>
public sealed class VolumeEndpoints(LocalVolumes volumes)
{
    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/localVolumes/{name}", context => AnswerAsync(context, name =>
            (StatusCodes.Status200OK, volumes.Make(name))));
        routes.MapDelete("/localVolumes/{name}", context => AnswerAsync(context, name => volumes.TryRemove(name)
            ? (StatusCodes.Status200OK, volumes.PathOf(name))
            : (StatusCodes.Status409Conflict, "another volume is still being removed")));
    }

    private static Task AnswerAsync(HttpContext context, Func<string, (int Code, string Text)> act)
    {
        var (code, text) = Answer((string)context.Request.RouteValues["name"]!, act);
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }

    private static (int Code, string Text) Answer(string name, Func<string, (int Code, string Text)> act)
    {
        try
        {
            return LocalVolumes.IsName(name)
                ? act(name)
                : (StatusCodes.Status400BadRequest, $"\"{name}\" is no name of a volume");
        }
        catch (Exception failure) when (failure is IOException or Win32Exception or UnauthorizedAccessException)
        {
            return (StatusCodes.Status500InternalServerError, failure.Message);
        }
    }
}
