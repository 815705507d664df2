using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Kola;

/// <summary>
/// A digest over all code of an assembly that a method may run: what machines it has prepared are of use again while that is the same, whatever else of a suite
/// was changed. Methods that are called or whose address is taken count with their instructions; types that are constructed, named as a type or as a generic
/// argument count whole, since who has one may call any of it. Of other assemblies the version counts. Code that is only found by its name at run time is not seen.
/// </summary>
internal sealed class CodeDigest
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> s_opCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private readonly Assembly _assembly;
    private readonly HashSet<MemberInfo> _seen = [];
    private readonly Queue<MemberInfo> _left = [];
    private readonly SortedSet<string> _texts = new(StringComparer.Ordinal);

    private CodeDigest(Assembly assembly) => _assembly = assembly;

    /// <summary>The digest, 64 lowercase hex digits.</summary>
    internal static string Of(MethodInfo method) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', ReachedBy(method)))));

    /// <summary>What it is of: a line for each method and type, in order.</summary>
    internal static IReadOnlyCollection<string> ReachedBy(MethodInfo method)
    {
        var digest = new CodeDigest(method.Module.Assembly);
        digest.See(method);
        while (digest._left.TryDequeue(out MemberInfo? member))
            digest._texts.Add(member is Type type ? digest.Text(type) : digest.Text((MethodBase)member));
        return digest._texts;
    }

    private void See(MemberInfo? member)
    {
        switch (member)
        {
            case MethodBase method:
                SeeArguments(method.IsGenericMethod ? method.GetGenericArguments() : []);
                SeeArguments(method.DeclaringType?.GetGenericArguments() ?? []);
                MethodBase plain = Plain(method);
                if (plain.DeclaringType?.Assembly != _assembly || !_seen.Add(plain))
                    return;
                _left.Enqueue(plain);
                See(plain.DeclaringType.TypeInitializer);
                // Its instructions are elsewhere.
                if (plain.GetCustomAttribute<StateMachineAttribute>() is { } machine)
                    See(machine.StateMachineType);
                if (plain.IsConstructor && !plain.IsStatic)
                    See(plain.DeclaringType);
                break;
            case FieldInfo field when field.DeclaringType?.Assembly == _assembly:
                See(field.DeclaringType.TypeInitializer);
                break;
            case Type type:
                SeeArguments(type.GetGenericArguments());
                Type open = type.HasElementType ? type.GetElementType()! : type.IsGenericType ? type.GetGenericTypeDefinition() : type;
                if (open.IsGenericParameter || open.Assembly != _assembly || !_seen.Add(open))
                    return;
                _left.Enqueue(open);
                See(open.BaseType);
                foreach (MethodBase each in open.GetMethods(Declared).Cast<MethodBase>().Concat(open.GetConstructors(Declared)))
                    See(each);
                break;
        }
    }

    private void SeeArguments(Type[] arguments)
    {
        foreach (Type argument in arguments)
            See(argument);
    }

    private static MethodBase Plain(MethodBase method)
    {
        MethodBase open = method is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : method;
        return open.DeclaringType is { IsGenericType: true, IsGenericTypeDefinition: false } closed
            ? MethodBase.GetMethodFromHandle(open.MethodHandle, closed.GetGenericTypeDefinition().TypeHandle)!
            : open;
    }

    private string Text(Type type)
    {
        foreach (FieldInfo field in type.GetFields(Declared))
            See(field.FieldType);
        return $"{type.FullName} : {type.BaseType} {string.Join(", ", type.GetFields(Declared).Select(field => $"{field} {(field.IsLiteral ? field.GetRawConstantValue() : "")}"))}";
    }

    private string Text(MethodBase method)
    {
        var text = new StringBuilder().Append(method.DeclaringType!.FullName).Append("::").Append(method).Append(string.Join(' ', method.GetParameters().SelectMany(p => p.GetCustomAttributesData().Select(a => a.ToString()))));
        if (method.GetMethodBody() is not { } body)
            return text.ToString();
        byte[] code = body.GetILAsByteArray()!;
        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses)
            text.Append(' ').Append(clause);
        for (int at = 0; at < code.Length;)
        {
            OpCode op = s_opCodes[code[at] == 0xfe ? unchecked((short)(0xfe00 | code[at + 1])) : code[at]];
            at += op.Size;
            text.Append(' ').Append(op.Name);
            int size = SizeOf(op.OperandType, code, at);
            if (op.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
                text.Append('=').Append(Resolve(method, op, BitConverter.ToInt32(code, at)));
            else if (op.OperandType == OperandType.InlineString)
                text.Append('=').Append(method.Module.ResolveString(BitConverter.ToInt32(code, at)));
            else if (op.OperandType != OperandType.InlineSig)
                text.Append('=').Append(Convert.ToHexString(code, at, size));
            at += size;
        }

        return text.ToString();
    }

    // A token is another after every change of anything; what it stands for is not.
    private string Resolve(MethodBase method, OpCode op, int token)
    {
        Type[]? ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        MemberInfo member = method.Module.ResolveMember(token, ofType, ofMethod)!;
        // Casts and tests run nothing of a type.
        if (op != OpCodes.Castclass && op != OpCodes.Isinst)
            See(member);
        // A package is what its version is; what is compiled here is walked.
        string of = member.Module.Assembly == _assembly ? "" : $"[{member.Module.Assembly.FullName}]";
        return of + (member is Type type ? type.ToString() : $"{member.DeclaringType}::{member}");
    }

    private static int SizeOf(OperandType type, byte[] code, int at) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
        _ => 4,
    };
}
