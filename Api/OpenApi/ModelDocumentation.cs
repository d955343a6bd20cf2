using System.Text;
using System.Xml;
using k8s.Models;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// The descriptions of kinds and fields: the client models' own documentation file, which the build copies from the
/// package. It is large and is read once, front to back, keeping what was asked for.
/// </summary>
internal static class ModelDocumentation
{
    /// <summary>Where the build puts the file.</summary>
    public static readonly string DefaultPath = Path.Combine(AppContext.BaseDirectory, "KubernetesClient.xml");

    /// <summary>Names of methods are longer; those of models and properties are not.</summary>
    private const int LongestName = 256;

    private static readonly string Namespace = typeof(V1Pod).Namespace + ".";

    /// <summary>Texts by model (<c>V1Pod</c>) and by property (<c>V1Pod.Spec</c>).</summary>
    /// <exception cref="IOException">There is no such file.</exception>
    /// <exception cref="XmlException">It is not whole.</exception>
    public static Dictionary<string, string> Read(string path, IReadOnlySet<string> models)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        var buffer = new char[LongestName];
        using var reader = XmlReader.Create(path, new XmlReaderSettings { IgnoreComments = true });
        while (reader.ReadToFollowing("member"))
        {
            if (Wanted(ReadName(reader, buffer), models) is { } member && reader.ReadToDescendant("summary"))
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
    private static string? Wanted(ReadOnlySpan<char> name, IReadOnlySet<string> models)
    {
        if (name is not ['T' or 'P', ':', .. var full] || !full.StartsWith(Namespace, StringComparison.Ordinal))
        {
            return null;
        }

        var member = full[Namespace.Length..].ToString();
        return models.Contains(member.Split('.')[0]) ? member : null;
    }

    /// <summary>
    /// The name of the member at hand; empty when it is too long to be one of ours. Most members are methods with very
    /// long names, which would make up most of what this costs if each became a string.
    /// </summary>
    private static ReadOnlySpan<char> ReadName(XmlReader reader, char[] buffer)
    {
        var length = 0;
        if (reader.MoveToAttribute("name"))
        {
            while (length < buffer.Length
                && reader.ReadValueChunk(buffer, length, buffer.Length - length) is > 0 and var read)
            {
                length += read;
            }

            reader.MoveToElement();
        }

        return length < buffer.Length ? buffer.AsSpan(0, length) : [];
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
