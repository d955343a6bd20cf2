using System.Text;
using System.Xml;
using k8s.Models;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// The descriptions of kinds and fields: the client models' own documentation file, which the build copies from the package. It is large
/// and is read once, front to back, keeping what was asked for.
/// </summary>
internal static class ModelDocumentation
{
    /// <summary>Where the build puts the file.</summary>
    public static readonly string DefaultPath = Path.Combine(AppContext.BaseDirectory, "KubernetesClient.xml");

    private static readonly string Namespace = typeof(V1Pod).Namespace + ".";

    /// <summary>Texts by model (<c>V1Pod</c>) and by property (<c>V1Pod.Spec</c>).</summary>
    /// <exception cref="IOException">There is no such file.</exception>
    /// <exception cref="XmlException">It is not whole.</exception>
    public static Dictionary<string, string> Read(string path, IReadOnlySet<string> models)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = XmlReader.Create(path, new XmlReaderSettings { IgnoreComments = true });
        while (reader.ReadToFollowing("member"))
        {
            if (Wanted(reader.GetAttribute("name"), models) is { } member && reader.ReadToDescendant("summary"))
            {
                result[member] = ReadText(reader);
            }
        }

        return result;
    }

    /// <summary>Lines as paragraphs: a line break within one is only the file's own wrapping.</summary>
    internal static string Unwrap(string text)
    {
        var result = new StringBuilder(text.Length);
        var isNewParagraph = false;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var words = line.Trim();
            if (words.IsEmpty)
            {
                isNewParagraph = true;
                continue;
            }

            if (result.Length > 0)
            {
                result.Append(isNewParagraph ? "\n\n" : " ");
            }

            result.Append(words);
            isNewParagraph = false;
        }

        return result.ToString();
    }

    /// <summary>The name under which a member is kept: of a type or property of one of the models; else null.</summary>
    private static string? Wanted(string? name, IReadOnlySet<string> models)
    {
        if (name is not ['T' or 'P', ':', .. var full] || !full.StartsWith(Namespace, StringComparison.Ordinal))
        {
            return null;
        }

        var member = full[Namespace.Length..];
        return models.Contains(member.Split('.')[0]) ? member : null;
    }

    private static string ReadText(XmlReader reader)
    {
        var text = new StringBuilder();
        using var summary = reader.ReadSubtree();
        while (summary.Read())
        {
            if (summary.HasValue && summary.NodeType != XmlNodeType.Attribute)
            {
                text.Append(summary.Value);
            }
            else if (summary.NodeType == XmlNodeType.Element && summary.GetAttribute("cref") is { } target)
            {
                text.Append(target.AsSpan(target.LastIndexOf('.') + 1));
            }
        }

        return Unwrap(text.ToString());
    }
}
