using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Tests;

/// <summary>Queries as requests to the API have them.</summary>
internal static class Queries
{
    public static IQueryCollection Parse(string query)
    {
        var context = new DefaultHttpContext { Request = { QueryString = new QueryString(query) } };
        QueryReader.Use(context);
        return context.Request.Query;
    }
}
