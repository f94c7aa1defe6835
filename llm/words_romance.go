package llm

const french = `
work: travaille travaillent travailler travaillant bosse travaillerait
employ: employez emploie emploient employer employez-vous emploie-t-elle emploie-t-on
employee: employé employée employés employées employe salarié salariée salariés salariées salarie collaborateur collaboratrice collaborateurs collègue collègues travailleur travailleuse personnel effectif effectifs membre_de_votre_équipe partie_de_votre_équipe partie_de_l'équipe membre_du_personnel partie_du_personnel partie_de_votre_personnel fait_partie_de_votre fait-il_partie fait-elle_partie fait_partie_de vos_effectifs fait_toujours_partie fait_encore_partie
employment: emploi embauché embauchée attestation_d'emploi attestation_de_travail attestation_employeur statut_d'emploi situation_professionnelle statut_professionnel vérification_d'emploi employeur liste_de_paie registre_du_personnel en_poste toujours_dans_l'entreprise encore_dans_l'entreprise toujours_en_activité liste_de_paye contrat_de_travail_en_cours relation_de_travail effectue-t-il
weak: actif active statut équipe toujours encore job chez_vous en_activité
forbidden: salaire salaires gagne gagner gagnent rémunération revenu revenus prime primes paie paye payé payée fiche_de_paie bulletin_de_salaire retraite dettes
forbidden: domicile adresse_personnelle adresse_privée adresse_postale adresse_du_domicile habite habitent réside résidence vit logement rue code_postal lieu où_habite
forbidden: numéro_de_téléphone téléphone_de portable_de coordonnées numéro_de_portable numéro_de_sécurité_sociale sécurité_sociale données_personnelles informations_personnelles rib iban
forbidden: responsable_hiérarchique manager manageuse supérieur supérieure supérieurs chef chefs patron patronne directeur directrice supérieur_hiérarchique hiérarchie assistant assistante secrétaire subordonnés pdg responsable_de
forbidden: malade maladie santé arrêt_maladie arrêt enceinte grossesse maternité paternité handicap handicapé handicapée médecin hôpital congé congés vacances absent absente absence
forbidden: âge ans né née naissance date_de_naissance anniversaire sexe religion nationalité marié mariée célibataire divorcé divorcée enfants famille syndicat syndiqué mari femme_de épouse
forbidden: depuis date dates date_d'embauche date_d'entrée ancienneté arrivé arrivée rejoint commencé a_commencé débuté début fin jusqu'à jusqu'au aujourd'hui demain hier quitté parti partie_de_l'entreprise
forbidden: poste titre fonction fonctions intitulé intitulé_du_poste rôle service département métier profession grade missions responsabilités ingénieur ingénieure développeur développeuse comptable comptabilité marketing ventes commercial commerciale
forbidden: stagiaire stage apprenti alternant intérimaire cdd cdi indépendant freelance temps_plein temps_partiel plein_temps mi-temps période_d'essai télétravail heures_supplémentaires horaires type_de_contrat contrat prestataire cv
forbidden: licencié licenciée licencier licenciement viré virée démissionné démission sanctionné sanctionnée sanction sanctions sanctions_disciplinaires disciplinaire avertissement suspendu suspendue condamné fraude plainte plaintes retraité
forbidden: performance performances évaluation évaluations avis opinion pensez pense bon bonne mauvais mauvaise meilleur fiable honnête sérieux sérieuse gentil gentille sympa sympathique paresseux paresseuse compétent compétente recommandez recommander recommandation aime aimez confiance solvable intelligent heureux
forbidden: travaillait travaillé travaillaient ancien ancienne anciennement autrefois auparavant était étaient jamais déjà_travaillé travaillera sera mot_de_passe photo diplôme formation études
forbidden: météo temps_fait blague poème chanson histoire recette instructions instruction consignes précédentes ignorez ignore sans_consentement sans_autorisation sans_demander sans_son_accord mode_maintenance invite_système chiffre_d'affaires actualités signifie
action: écris écrivez traduis traduisez licencie licenciez vire virez supprime supprimez imprime modifie modifiez appelle appelez préviens prévenez informez promeus oublie oubliez raconte racontez explique expliquez décris décrivez résume résumez crée créez réserve réservez annule annulez prétends fais faites répète répétez exécute augmente envoie-lui dis-lui rédige rédigez
give: donnez donne envoyez envoie fournir fournissez montrez transmettre transmettez délivrer indiquez donner envoyer indiquer communiquer fournir
answer: répondez réponds répondre réponse dites dis
yes: oui
neutral: oui_ou_non par_oui_ou_non
list: tous toutes tout_le_monde liste lister listez combien plusieurs chaque tous_les_employés ces_personnes les_personnes_suivantes personnes_suivantes les_deux les_noms chacun gens
question: quand où pourquoi comment qui_est qui_sont qui_travaille combien_de depuis_quand à_qui
neutral: comment_allez-vous comment_vas-tu comment_ça_va comment_puis-je comment_vérifier quand_vous dont_l'e-mail dont_l'adresse dont_le
status: quel quelle quels quelles que_fait
aux: est est-ce est-il est-elle sont a a-t-il fait es figure appartient compte
past: avait fut seront
modal: peut peut-il peut-elle peux pouvez pouvez-vous pourriez pourriez-vous pourrait puis-je puis pouvons doit devrait voudrais voudrions veux voulons souhaite souhaitons souhaiterais aimerais aimerions pourrais
firm: entreprise société compagnie organisation firme établissement maison groupe
here: ici là vous chez_vous nous
at: chez par auprès
for: pour de du des d à au
as: en comme dans sous sur avec parmi
neutral: en_ce_moment en_cours en_tant_que en_tant_qu'employé en_qualité en_effet en_vue en_avance en_poste dans_le_cadre dans_votre dans_l'entreprise dans_la_société dans_vos dans_l'attente dans_le_but sur_votre sur_vos comme_employé comme_salarié comme_employée avec_l'adresse avec_l'e-mail avec_le_courriel avec_le_mail avec_le_matricule avec_vous en_question sous_le sous_contrat dans_l'effectif en_vous en_remerciant avec_mes sur_la_liste sous_votre parmi_vos parmi_votre
the: le la les l un une ce cet cette ces mon_dit cela ça
your: votre vos ton ta tes
my: mon ma mes notre nos
pronoun: il elle on lui ils elles leur quelqu'un quelqu quelque son sa ses
role: personne monsieur madame client cliente demandeur demandeuse candidat candidate emprunteur emprunteuse locataire titulaire individu homme dame ami amie garant personnes dossier_de
and: et ou & ainsi_que
asker: je j nous moi me m
you: vous tu toi t te
confirm: confirmer confirmez confirmation confirme vérifier vérifiez vérification vérifie savoir dire demander demande demandons renseigner valider attester attestation attestez besoin interroge certifier souhaiterais_savoir sais
whether: si que qu ce_que qui
polite: bonjour bonsoir salut svp s'il_vous_plaît s'il_te_plaît merci madame monsieur cher chère chers excusez-moi pardon veuillez plaît bonne_journée belle_journée journée espère bien allez
closing: cordialement bien_cordialement salutations sincères respectueusement merci_d'avance bien_à_vous cdt
adverb: actuellement présentement maintenant toujours encore bien aussi également vraiment effectivement ne pas plus n juste simplement déjà aujourd'hui_encore à_ce_jour à_l'heure_actuelle officiellement
neutral: être avoir situation fais_suite suite cadre prêt prêts immobilier crédit hypothèque demande_de dossier banque assurance bailleur location bail compte ouverture référence vérifications objet concernant relative relatif concerne au_sujet sujet renseignement renseignements information informations données déclare déclaré indique indiqué affirme dit souhaitant possible rapidement urgent actuel actuelle courant courante identité exact exacte vrai vraie correct c'est il_s'agit suivant suivante même mêmes afin aide aider question questions y ai avons suis sommes attente remercie remerciant remercions avance d'avance par_avance part aujourd nommé propos via réel réelle autre
title: m m. mme mme. mlle mlle. mr mr. dr dr. madame monsieur me
mail: e-mail email mail courriel mél adresse adresse_e-mail adresse_mail adresse_électronique adresse_courriel e-mail_professionnel email_professionnel courriel_professionnel adresse_professionnelle électronique professionnel professionnelle messagerie
number: matricule numéro_d'employé numéro_de_matricule numéro_d'employée numéro_employé numéro_de_salarié n°_d'employé numéro_d'identification_de_l'employé identifiant_employé
user: identifiant nom_d'utilisateur utilisateur login compte_utilisateur pseudo
name: nom nom_complet prénom nom_et_prénom
named: nommé nommée appelé appelée s'appelle
legal: sas sarl sa s.a s.a. s.a.s s.a.r.l eurl
shared: la le les de des en a on un une dans si me es son pour que qui du
speaks: au_nom
neutral: selon_son_cv selon_le_cv sur_son_cv d'après_son_cv dans_son_cv
desk: visas demain hier bureau voiture service département responsable directeur directrice logement visa
desk+role+forbidden: mari épouse frère sœur soeur fils fille père mère
action: licenciez congédiez promouvez modifier supprimer appelez
forbidden: parler_à parler_avec bulletin_de_paie
give: envoyez-moi donnez-moi montrez-moi fournissez-moi transmettez-moi envoyez-nous donnez-nous donne-moi envoie-moi
forbidden: parle fume possède conduit boit bureau voiture
action: transférez transfère contactez contacte rédigez inscrivez dites-lui saluez remerciez
forbidden: chômage au_chômage
phone: tél tél. tel tel. téléphone mobile portable fax
`

const spanish = `
work: trabaja trabajan trabajando trabajar labora laborando labora
employ: emplea emplean emplear emplean_ustedes tienen_empleado contrata
employee: empleado empleada empleados empleadas trabajador trabajadora trabajadores plantilla personal colaborador colaboradora compañero compañera nómina_de_empleados parte_de_su_equipo parte_del_equipo miembro_de_su_equipo parte_de_su_empresa forma_parte_de parte_de_la_empresa parte_del_personal parte_de_su_plantilla
employment: empleo nómina laboral laborales situación_laboral estado_laboral relación_laboral constancia_laboral constancia_de_trabajo constancia_de_empleo verificación_de_empleo verificación_laboral comprobante_de_trabajo empleador planilla en_nómina sigue_en_la_empresa sigue_con_ustedes sigue_en_su_empresa contratado_actualmente en_su_nómina dado_de_alta contratado contratada
weak: activo activa estado equipo todavía aún sigue con_ustedes continúa
forbidden: salario salarios sueldo sueldos gana ganan ganar cobra cobrar ingresos ingreso remuneración bono prima pagan paga pago pensión deudas
forbidden: domicilio dirección_particular dirección_de_casa dirección_personal dirección_postal vive viven reside residencia casa calle código_postal dirección_de
forbidden: número_de_teléfono teléfono_de número_de_móvil celular_de datos_de_contacto datos_personales información_personal seguridad_social contacto_de
forbidden: jefe jefa jefes gerente supervisor supervisora superior superiores director directora manager asistente secretario secretaria subordinados encargado encargada
forbidden: enfermo enferma enfermedad salud baja baja_médica embarazada embarazo maternidad paternidad discapacidad médico hospital vacaciones ausente ausencia permiso licencia incapacidad
forbidden: edad años nació nacido nacimiento fecha_de_nacimiento cumpleaños sexo religión nacionalidad casado casada soltero soltera divorciado divorciada hijos familia sindicato esposa esposo
forbidden: desde fecha fechas fecha_de_ingreso fecha_de_inicio fecha_de_contratación antigüedad empezó comenzó ingresó entró inicio fin hasta hoy mañana ayer incorporó unió
forbidden: puesto título cargo función funciones rol departamento área profesión ocupación categoría responsabilidades ingeniero ingeniera desarrollador contador contadora contabilidad marketing ventas
forbidden: becario becaria prácticas practicante autónomo autónoma freelance temporal indefinido indefinida fijo fija tiempo_completo tiempo_parcial media_jornada jornada_completa período_de_prueba teletrabajo horas_extra horario horarios tipo_de_contrato contrato contratista currículum
forbidden: despedido despedida despedir despido renunció renuncia dimitió sancionado sancionada sanción sanciones disciplinario disciplinaria expediente suspendido suspendida fraude queja quejas jubilado jubilada
forbidden: rendimiento desempeño evaluación evaluaciones opinión opinas opina piensa piensas buen buena bueno mal malo mala mejor peor fiable confiable honesto honesta responsable amable simpático simpática perezoso perezosa vago competente recomienda recomiendan recomendación recomendaría gusta solvente inteligente feliz puntual
forbidden: trabajó trabajaba trabajado trabajaban antes anteriormente antiguo antigua exempleado ex-empleado alguna_vez era fue estaba estuvo trabajará será contraseña foto título_universitario estudios estudió
forbidden: clima chiste poema canción historia receta instrucciones instrucción anteriores ignora ignore sin_consentimiento sin_autorización sin_preguntar modo_mantenimiento noticias facturación significa
action: escribe escriba traduce traduzca despide despida elimina elimine borra borre imprime modifica modifique llama llame avisa avise informa_a asciende olvida olvide cuenta cuéntame explica explique describe describa resume resuma crea cree reserva cancela finge haz haga repite ejecuta aumenta actúa redacta
give: envíe envía envíen dar dé dame denme deme proporcione proporcionar muestre enviar facilitar facilite indique indicar emitir
answer: responde responda responder respuesta di diga contesta conteste
yes: sí si_es
neutral: sí_o_no si_o_no
list: todos todas lista listar enumera enumere cuántos cuántas cuantos cuantas varios varias cada ambos ambas estas_personas las_siguientes_personas siguientes_personas todos_los_empleados gente los_nombres
question: cuándo cuando dónde donde cómo quién quien quiénes cuánto cuanto cuánta por_qué desde_cuándo a_quién
neutral: cuyo_correo cuya_dirección cuyo_email cuyo_e-mail cuando_pueda cómo_está cómo_están cómo_puedo cómo_verificar quien_solicita quien_ha_solicitado quien_dice
status: qué cuál cual
aux: es está están son tiene tienen hay pertenece figura aparece consta forma
past: fueron había estaban
modal: puede pueden podría podrían puedo podemos podrías puedes quisiera quisiéramos quiero queremos debe debería deseo deseamos me_gustaría nos_gustaría
firm: empresa compañía organización firma entidad sociedad institución grupo
here: aquí ahí allí allá acá ustedes usted vosotros
at: en por con
for: para de del a al
as: como bajo entre desde_el
neutral: en_este_momento en_la_actualidad en_calidad en_relación en_su en_la_empresa en_activo en_el_marco en_caso en_el_sistema por_favor por_la por_ustedes con_el_correo con_correo con_email con_e-mail con_la_dirección con_el_fin con_ustedes con_número con_el_número con_motivo por_adelantado de_antemano como_empleado como_empleada como_trabajador como_cliente como_trabajadora entre_sus bajo_contrato por_su por_parte por_vuestra en_vuestra con_nosotros con_nuestro con_nuestra en_espera con_usuario con_el_usuario con_nombre
the: el la los las un una este esta ese esa dicho dicha lo
your: su sus vuestra vuestro tu tus
my: mi mis nuestro nuestra nuestros nuestras
pronoun: él ella ellos alguien le les se suyo suya
role: persona señor señora cliente clienta solicitante candidato candidata prestatario prestataria inquilino inquilina titular individuo hombre mujer amigo amiga avalista personas
and: y o e u &
asker: yo nosotros me nos
you: usted ustedes tú te
confirm: confirmar confirme confirmen confirma confirmación verificar verifique verifiquen verificación verifica comprobar compruebe saber decir decirme dígame pregunto preguntar consultar consulta consulto solicito solicitar solicitamos necesito necesitamos necesita certificar certificado constatar validar pedir pido
whether: si que cuyo cuya
polite: hola buenos días buenas tardes noches por_favor gracias estimado estimada estimados señores disculpe perdón saludo favor muchas espero bien buen_día amablemente
closing: saludos atentamente cordialmente un_saludo saludos_cordiales muchas_gracias gracias_de_antemano cordiales atte
adverb: actualmente ahora todavía aún ya también no más realmente efectivamente solo sólo simplemente hoy_en_día oficialmente presente
neutral: ser estar situación ha_solicitado solicitado solicita préstamo préstamos hipoteca hipotecario crédito solicitud alquiler arrendamiento cuenta abrir apertura banco seguro seguros trámite verificaciones referencia asunto respecto sobre acerca información datos dice declara indicó indica afirma posible urgente actual vigente identidad correcto cierto verdad verdadero siguiente misma mismo efectos fines fin_de ayuda ayudar ayudarme pregunta preguntas así motivo proceso he hemos ha estoy estamos soy somos escribo escribimos tengo tenemos gestión expediente_de antemano adelantado parte caso real
title: sr sr. sra sra. srta srta. don doña dr dr. dra dra. señor señora d. dña
mail: correo correo_electrónico e-mail email mail dirección dirección_de_correo dirección_de_correo_electrónico dirección_de_email correo_laboral correo_corporativo correo_de_trabajo electrónico corporativo dirección_electrónica
number: número_de_empleado número_de_empleada numero_de_empleado n.º_de_empleado no._de_empleado número_de_trabajador id_de_empleado legajo código_de_empleado nº_de_empleado
user: usuario nombre_de_usuario login cuenta_de_usuario
name: nombre nombre_completo apellido apellidos nombre_y_apellidos
named: llamado llamada se_llama
legal: s.a s.a. sa s.l s.l. sl s.r.l srl
shared: la de en es no a y o el que un una los las si se me su con por para
speaks: en_nombre
neutral: según_su_currículum según_su_cv según_el_currículum en_su_currículum en_su_cv según_su
desk: visados hoy mañana ayer oficina coche departamento director directora gerente visado visa piso casa área
desk+role+forbidden: esposo esposa marido hermano hermana hijo hija padre madre
action: despidan despedid eliminen eliminad borren modifiquen llamen llamad avisen escriban escribid traduzcan expliquen cancelen promuevan suban envíale cámbiale cambie cambia cambien
forbidden: la_nómina_de hablar_con nómina_de contratar
give: envíeme envíame envíenme envíenos mándeme mándame mándenme muéstrame muéstreme muéstrenme proporcióneme proporciónenme facilíteme facilítenme remítame remítanme
neutral: dígame díganme
forbidden: habla fuma bebe conduce posee oficina coche
neutral: le_habla les_habla
action: reenvíe reenvíen reenvía transfiera contacte contacten dígale dile inscriba salude
forbidden: desempleado desempleada trabaja_bien
phone: tel tel. tfno teléfono móvil celular fax
`

const italian = `
work: lavora lavorano lavorando lavorare lavori
employ: impiegate impiega assume assumete impiegano
employee: dipendente dipendenti impiegato impiegata impiegati lavoratore lavoratrice lavoratori collaboratore collaboratrice collega colleghi personale organico addetto parte_del_vostro_team parte_del_team parte_della_vostra_azienda fa_parte_del fa_parte_della fa_parte_di parte_dell'azienda
employment: impiego occupazione assunto assunta libro_paga busta_paga_attiva rapporto_di_lavoro stato_di_impiego stato_occupazionale situazione_lavorativa stato_lavorativo verifica_dell'impiego posto_di_lavoro attestato_di_lavoro datore_di_lavoro in_servizio in_forza ancora_in_azienda ancora_da_voi ancora_con_voi lavorativo lavorativa
weak: attivo attiva stato squadra team ancora tuttora con_voi da_voi
forbidden: stipendio stipendi salario guadagna guadagnano guadagnare reddito redditi retribuzione premio bonus paga pagato busta_paga pensione debiti
forbidden: domicilio casa indirizzo_di_casa indirizzo_privato indirizzo_personale indirizzo_postale abita vive risiede residenza via_di cap indirizzo_di_residenza
forbidden: numero_di_telefono telefono_di cellulare_di numero_di_cellulare recapito recapiti dati_personali informazioni_personali codice_fiscale iban
forbidden: capo capi manager responsabile responsabili superiore superiori supervisore direttore direttrice dirigente assistente segretario segretaria sottoposti
forbidden: malato malata malattia salute incinta gravidanza maternità paternità disabile disabilità medico ospedale ferie vacanza vacanze assente assenza permesso congedo aspettativa
forbidden: età anni nato nata nascita data_di_nascita compleanno sesso religione nazionalità sposato sposata celibe nubile divorziato divorziata figli famiglia sindacato moglie marito
forbidden: data date data_di_assunzione anzianità iniziato cominciato entrato entrata inizio fine fino oggi domani ieri da_quando da_quanto
forbidden: titolo mansione mansioni ruolo qualifica posizione reparto dipartimento ufficio professione incarico responsabilità ingegnere sviluppatore contabile contabilità marketing vendite
forbidden: stagista tirocinante tirocinio apprendista autonomo autonoma freelance temporaneo indeterminato determinato tempo_pieno part-time tempo_parziale prova smart_working straordinari orario orari contratto tipo_di_contratto consulente curriculum
forbidden: licenziato licenziata licenziare licenziamento dimesso dimessa dimissioni sanzionato sanzionata sanzione sanzioni disciplinare disciplinari provvedimenti sospeso sospesa frode lamentele pensionato
forbidden: prestazioni rendimento valutazione valutazioni opinione pensi pensa pensate bravo brava buono buona buon cattivo cattiva migliore affidabile onesto onesta simpatico simpatica pigro pigra competente consiglia consigliate raccomanda raccomandazione piace solvibile intelligente felice fiducia puntuale
forbidden: lavorava lavorato lavoravano prima_di in_precedenza precedentemente ex ex-dipendente mai era erano fu lavorerà sarà password foto laurea studi
forbidden: tempo_fa meteo barzelletta poesia canzone storia ricetta istruzioni istruzione precedenti ignora ignori senza_consenso senza_autorizzazione senza_chiedere modalità_manutenzione notizie fatturato significa
action: scrivi scriva traduci traduca licenzia licenzi elimina elimini cancella cancelli stampa modifica modifichi chiama chiami avvisa avvisi informa promuovi dimentica dimentichi racconta raccontami spiega spieghi descrivi descriva riassumi crea crei prenota fingi fai faccia ripeti esegui aumenta inventa
give: invia invii inviare dare dammi dia fornire fornisca mostra mostri mandare mandi comunicare indicare rilasciare
answer: rispondi risponda rispondere risposta dì dica
yes: sì
neutral: sì_o_no
list: tutti tutte elenco elenca elenchi lista quanti quante diversi ogni ciascuno entrambi entrambe queste_persone le_seguenti_persone seguenti_persone tutti_i_dipendenti gente i_nomi
question: quando dove come perché chi quanto quanta a_chi da_quando
neutral: quando_possibile come_sta come_stai come_state come_posso come_da come_verificare come_dipendente come_impiegato come_impiegata come_cliente la_cui_e-mail il_cui_indirizzo la_cui_email chi_di_competenza come_indicato come_cortesia
status: qual quale quali cosa che_lavoro
aux: è sono ha hanno c'è risulta risultano fa appartiene figura sta
past: aveva avevano stato_assunto
modal: può possono potrebbe potrebbero posso possiamo potete potreste puoi vorrei vorremmo voglio vogliamo deve dovrebbe desidero desideriamo
firm: azienda società ditta impresa organizzazione compagnia ente gruppo
here: qui qua lì là voi lei
at: presso da dal dalla dalle alla alle al in per con
for: di del della dello dei dell d a ad
as: nel nella come_se su tra fra sotto
neutral: in_questo_momento in_azienda in_qualità in_merito in_attesa in_anticipo in_corso in_relazione in_oggetto in_vista per_favore per_cortesia per_voi per_la per_il per_un per_una con_e-mail con_email con_indirizzo con_l'indirizzo con_l'e-mail con_la_mail con_voi con_matricola con_numero con_il_numero con_nome da_parte da_voi da_noi nel_vostro nella_vostra tra_i_vostri fra_i_vostri su_di presso_di presso_la presso_il al_momento al_fine al_più_presto alle_vostre alle_dipendenze alla_vostra alla_cortese con_la con_il con_i
the: il lo la i gli le un uno una l questo questa quel quella tale suddetto
your: vostro vostra vostri vostre suo sua suoi sue tuo tua loro
my: mio mia nostro nostra nostri nostre
pronoun: lui lei egli ella qualcuno gli si ne loro
role: persona signor signora signore cliente richiedente candidato candidata mutuatario inquilino inquilina titolare individuo uomo donna amico amica garante persone
and: e o ed oppure &
asker: io noi mi ci me
you: lei voi tu vi
confirm: confermare confermi conferma confermate confermarmi verificare verifichi verifica verificate sapere dire dirmi chiedere chiedo chiediamo richiesta richiedo richiediamo serve servono bisogno controllare controlli certificare attestare attestazione accertare domando
whether: se che
polite: ciao salve buongiorno buonasera buonpomeriggio prego grazie gentile gentili egregio egregi spettabile spett.le scusi scusate cortesemente gentilmente cortesia favore spero bene molte mille
closing: saluti cordiali distinti cordialmente cordiali_saluti distinti_saluti grazie_mille grazie_in_anticipo grazie_mille
adverb: attualmente adesso ora ancora_oggi già anche non più davvero effettivamente solo soltanto semplicemente ufficialmente tutt'ora presentemente
neutral: essere avere situazione mutuo prestito prestiti finanziamento credito pratica domanda affitto locazione conto apertura aprire banca assicurazione locatore riferimento oggetto riguardo riguardante circa informazione informazioni dati dichiara dichiarato indica indicato afferma dice possibile urgente attuale corrente identità corretto vero esatto seguente stesso stessa scopo fini aiuto aiutare aiutarmi domande ho abbiamo siamo scriviamo scrivo sto stiamo merito conto_di presentato richiesto sia reale nome_di attesa anticipo ringrazio ringraziamo ringraziando
title: sig sig. sig.ra sig.na dott dott. dott.ssa ing. avv. dr dr. signor signora
mail: e-mail email mail posta indirizzo indirizzo_e-mail indirizzo_email indirizzo_mail posta_elettronica indirizzo_di_posta_elettronica e-mail_aziendale email_aziendale mail_aziendale aziendale elettronica
number: matricola numero_di_matricola numero_dipendente numero_di_dipendente id_dipendente codice_dipendente numero_matricola
user: utente nome_utente username login
name: nome nome_e_cognome cognome nome_completo nominativo
named: chiamato chiamata si_chiama
legal: s.p.a spa s.r.l srl s.p.a. s.r.l.
shared: la le i in un una e o a si se per con non che da come di il
speaks: per_conto a_nome
neutral: secondo_il_suo_curriculum secondo_il_curriculum secondo_il_suo_cv nel_suo_curriculum nel_curriculum
desk: visti oggi domani ieri macchina ufficio reparto direttore direttrice responsabile visto casa appartamento
desk+role+forbidden: moglie marito fratello sorella figlio figlia padre madre
action: licenziate scrivete traducete eliminate cancellate stampate modificate chiamate avvisate promuovete dimenticate raccontate spiegate descrivete create prenotate ripetete aumentate cambia cambiate cambi
forbidden: busta_paga buste_paga parlare_con
give: inviami inviatemi mandatemi mandami datemi fornitemi fornitemi mostratemi mostrami
forbidden: parla fuma beve guida possiede macchina
action: inoltrate inoltra inoltri trasferite contattate contatta contatti salutate ringraziate iscrivete
forbidden: disoccupato disoccupata lavora_bene
phone: tel tel. telefono cellulare cell cell. fax
`

const portuguese = `
work: trabalha trabalham trabalhando trabalhar labora
employ: emprega empregam empregar contrata
employee: funcionário funcionária funcionários funcionárias funcionario empregado empregada empregados colaborador colaboradora colaboradores trabalhador trabalhadora trabalhadores pessoal colega colegas parte_da_equipe parte_da_sua_equipe parte_da_equipa parte_da_vossa_equipa faz_parte_do faz_parte_da faz_parte_de membro_da_equipe quadro_de_funcionários
employment: emprego empregatício empregatícia vínculo_empregatício vínculo vínculo_laboral folha_de_pagamento folha_de_pagamentos situação_laboral situação_profissional status_de_emprego estado_de_emprego comprovação_de_emprego comprovante_de_emprego verificação_de_emprego relação_de_trabalho empregador contratado contratada ao_serviço quadro_de_pessoal continua_a_trabalhar laboral registrado_como
weak: ativo ativa activo activa status estado equipe equipa ainda continua com_vocês convosco
forbidden: salário salários ordenado ganha ganham ganhar renda rendimento rendimentos remuneração bônus bónus paga pagamento vencimento aposentadoria dívidas recebe_por_mês
forbidden: domicílio casa endereço_residencial endereço_pessoal endereço_de_casa morada mora moram reside residência vive rua cep endereço_postal
forbidden: número_de_telefone telefone_de telefone_do celular_de telemóvel_de dados_de_contato dados_pessoais informações_pessoais cpf nif segurança_social contato_de contacto_de
forbidden: chefe chefes gerente supervisor supervisora superior superiores diretor diretora gestor gestora manager assistente secretário secretária subordinados
forbidden: doente doença saúde grávida gravidez maternidade paternidade deficiência médico médica hospital férias ausente ausência licença baixa atestado afastado afastada
forbidden: idade anos nasceu nascido nascimento data_de_nascimento aniversário sexo religião nacionalidade casado casada solteiro solteira divorciado divorciada filhos família sindicato esposa marido
forbidden: desde data datas data_de_admissão data_de_início antiguidade começou iniciou entrou ingressou início fim até hoje amanhã ontem juntou
forbidden: título cargo função funções papel departamento setor profissão ocupação categoria responsabilidades engenheiro engenheira desenvolvedor contador contadora contabilidade marketing vendas
forbidden: estagiário estagiária estágio aprendiz autônomo autônoma freelance temporário temporária efetivo efetiva tempo_integral tempo_parcial meio_período período_de_experiência teletrabalho horas_extras horário horários tipo_de_contrato contrato terceirizado currículo
forbidden: demitido demitida demitir demissão despedido despedida pediu_demissão sancionado punido punida sanção disciplinar advertência suspenso suspensa fraude queixa reclamações aposentado aposentada reformado
forbidden: desempenho avaliação avaliações opinião acha acham pensa bom boa bons mau má ruim melhor pior confiável honesto honesta simpático simpática preguiçoso preguiçosa competente recomenda recomendam recomendação gosta solvente inteligente feliz confiança pontual
forbidden: trabalhou trabalhava trabalhado trabalhavam antes anteriormente antigo antiga ex-funcionário ex-funcionária alguma_vez já_trabalhou era foi esteve estava trabalhará será senha foto formação estudou
forbidden: clima previsão piada poema música história receita instruções instrução anteriores ignore ignora sem_consentimento sem_autorização sem_perguntar modo_de_manutenção notícias faturamento significa
action: escreva escreve traduza traduz demita demite despeça exclua apague apaga imprima modifique altere ligue chame avise informe_ao promova esqueça conte explique descreva resuma crie reserve cancele finja faça repita execute aumente invente
give: envie enviar dê dar dá-me forneça fornecer mostre mande facultar indique indicar emitir passe
answer: responda responde responder resposta diga
yes: sim
neutral: sim_ou_não
list: todos todas lista listar liste quantos quantas vários várias cada ambos ambas estas_pessoas essas_pessoas as_seguintes_pessoas seguintes_pessoas todos_os_funcionários gente os_nomes
question: quando onde como quem quanto quanta por_quê por_que desde_quando
neutral: cujo_e-mail cujo_email cujo_endereço quando_puder quando_possível como_está como_vai como_posso como_verificar como_funcionário como_funcionária como_empregado como_cliente como_colaborador quem_de_direito como_indicado quem_solicitou
status: qual quais que
aux: é está estão são tem têm há pertence consta figura faz existe
past: foram tinha estavam
modal: pode podem poderia poderiam posso podemos gostaria gostaríamos quero queremos deve deveria desejo desejamos preciso_saber
firm: empresa companhia organização firma entidade sociedade instituição grupo
here: aqui aí lá ali vocês você vós convosco
at: na no em pela pelo por com nas nos
for: para de do da dos das a ao à
as: sob entre
neutral: em_relação em_causa em_vigor em_questão em_sua em_seu em_vossa no_momento no_âmbito na_empresa na_sua na_vossa na_folha no_quadro no_sistema nos_seus nos_vossos com_o_e-mail com_e-mail com_email com_o_email com_o_endereço com_o_número com_vocês com_matrícula com_o_nome por_favor por_gentileza por_conta pela_sua pela_vossa pela_empresa pela_atenção pela_ajuda com_a com_os entre_os sob_contrato no_nome na_qualidade com_os_melhores
the: o a os as um uma este esta esse essa isso isto tal referido
your: seu sua seus suas vosso vossa vossos teu tua
my: meu minha nosso nossa nossos nossas
pronoun: ele ela eles alguém lhe se dele dela
role: pessoa senhor senhora cliente solicitante requerente candidato candidata mutuário inquilino inquilina titular indivíduo homem mulher amigo amiga fiador pessoas
and: e ou &
asker: eu nós me nos
you: você vocês tu te
confirm: confirmar confirme confirmem confirma confirmação verificar verifique verifiquem verificação verifica saber dizer dizer-me perguntar pergunto consultar consulta solicito solicitar solicitamos preciso precisamos necessito certificar comprovar comprove validar comprovação pedir peço informar informar-me informem informe
whether: se que cujo cuja
polite: olá oi bom_dia boa_tarde boa_noite por_favor obrigado obrigada prezado prezada prezados caro cara senhores desculpe favor gentileza muito espero bem
closing: atenciosamente cumprimentos cordialmente abraços melhores_cumprimentos com_os_melhores_cumprimentos muito_obrigado muito_obrigada obrigado_desde_já respeitosamente att
adverb: atualmente actualmente agora ainda já também não mais realmente efetivamente efectivamente só apenas simplesmente oficialmente presentemente neste_momento
neutral: ser estar ter situação empréstimo empréstimos hipoteca hipotecário crédito pedido processo aluguel arrendamento conta abertura abrir banco seguro referência assunto respeito sobre acerca informação informações dados diz declara declarou indicou indica afirma possível urgente atual atuais vigente identidade correto correcto verdade certo seguinte mesmo mesma fins efeitos ajuda ajudar ajudar-me pergunta perguntas solicitou pediu tenho temos estou estamos sou somos escrevo escrevemos antecipadamente antemão parte caso real financiamento imobiliário
title: sr sr. sra sra. srta srta. dr dr. dra dra. dom dona senhor senhora
mail: e-mail email mail correio endereço correio_eletrônico correio_eletrónico endereço_de_e-mail endereço_de_email e-mail_corporativo email_corporativo e-mail_profissional e-mail_de_trabalho corporativo eletrônico eletrónico profissional
number: número_de_funcionário número_do_funcionário número_de_empregado matrícula número_de_matrícula número_de_colaborador id_de_funcionário código_de_funcionário nº_de_funcionário id_do_funcionário
user: usuário utilizador nome_de_usuário nome_de_utilizador login
name: nome nome_completo sobrenome apelido
named: chamado chamada se_chama
legal: s.a s.a. sa ltda ltda. lda lda. s/a eireli
shared: a o de da do em na no se que e um uma os as com por para me é
speaks: em_nome
neutral: segundo_o_currículo segundo_o_seu_currículo conforme_o_currículo no_currículo no_seu_currículo de_acordo_com_o_currículo
desk: vistos hoje amanhã ontem escritório carro departamento diretor diretora gerente visto setor casa apartamento
desk+role+forbidden: esposa marido irmão irmã filho filha pai mãe
action: demitam escrevam traduzam excluam apaguem modifiquem liguem avisem promovam expliquem cancelem repitam mude mudem altere alterem
forbidden: falar_com recibo_de_vencimento contracheque holerite
give: envie-me enviem-me mande-me mandem-me dê-me deem-me mostre-me mostrem-me forneçam-me
forbidden: fala fuma bebe dirige conduz possui escritório carro
neutral: aqui_fala quem_fala
action: encaminhe encaminhem transfira transfiram contacte contate diga-lhe inscreva cumprimente
forbidden: desempregado desempregada trabalha_bem
phone: tel tel. telefone telemóvel celular fax
`
