using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Diagnostics;

/// <summary>
/// The form of a page: text for people, or an object for those who name its kind and version. It is negotiated as
/// upstream does with these pages' own restrictions: bare JSON and protobuf are refused, and so is CBOR, which
/// upstream has behind a gate that is off.
/// </summary>
/// <param name="Format">How the object is written; null for text.</param>
/// <param name="Version">Version of <see cref="Group"/> that the object is asked in; empty for text.</param>
public sealed record PageForm(ResponseFormat? Format, string Version)
{
    /// <summary>The group of the objects.</summary>
    public const string Group = "config.k8s.io";

    /// <summary>The version whose answers warn of it.</summary>
    public const string Deprecated = "v1alpha1";

    public static readonly PageForm Text = new(null, "");

    /// <summary>In the order in which a wildcard tries them.</summary>
    private static readonly (string Type, string Subtype, ResponseFormat? Format)[] Offered =
    [
        ("application", "json", ResponseFormat.PlainJson), ("application", "yaml", ResponseFormat.Yaml),
        ("text", "plain", null),
    ];

    private static readonly Status NoneAccepted =
        Negotiator.NotAccepted(string.Join(", ", Offered.Select(static o => $"{o.Type}/{o.Subtype}")));

    /// <summary>The form in which a request wants a page, or the refusal (406).</summary>
    /// <param name="request">The request.</param>
    /// <param name="kind">Of the page's object.</param>
    public static Outcome<PageForm> Negotiate(HttpRequest request, string kind)
    {
        var accept = AcceptHeader.Of(request);
        if (string.IsNullOrWhiteSpace(accept))
        {
            return Text;
        }

        foreach (var clause in AcceptHeader.Parse(accept))
        {
            foreach (var (type, subtype, format) in Offered)
            {
                if (clause.Names(type, subtype) && Meet(clause, format, kind) is { } met)
                {
                    return met.Format is { } written && Negotiator.WantsPretty(request)
                        ? met with { Format = written.Indented() }
                        : met;
                }
            }
        }

        return NoneAccepted;
    }

    private static PageForm? Meet(AcceptClause clause, ResponseFormat? format, string kind)
    {
        if (clause.Parameter("stream").Length > 0)
        {
            return null;
        }

        var (name, group, version) = (clause.Parameter("as"), clause.Parameter("g"), clause.Parameter("v"));
        if (format is null)
        {
            return (name, group, version) is ("", "", "") ? Text : null;
        }

        return name == kind && group == Group && version is ("v1beta1" or Deprecated)
            ? new PageForm(clause.Written(format), version)
            : null;
    }
}
